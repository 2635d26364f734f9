-- CreateTable
CREATE TABLE "mfa_records" (
    "user_id" TEXT NOT NULL,
    "version" TEXT NOT NULL,
    "record" TEXT NOT NULL,

    CONSTRAINT "mfa_records_pkey" PRIMARY KEY ("user_id")
);

-- CreateTable
CREATE TABLE "mfa_events" (
    "user_id" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "event" TEXT NOT NULL,

    CONSTRAINT "mfa_events_pkey" PRIMARY KEY ("user_id","id")
);

-- AddForeignKey
ALTER TABLE "mfa_events" ADD CONSTRAINT "mfa_events_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "mfa_records"("user_id") ON DELETE CASCADE ON UPDATE CASCADE;
