CREATE TABLE "mfa_events" (
	"user_id" text NOT NULL,
	"id" text NOT NULL,
	"event" text NOT NULL,
	CONSTRAINT "mfa_events_user_id_id_pk" PRIMARY KEY("user_id","id")
);
--> statement-breakpoint
CREATE TABLE "mfa_records" (
	"user_id" text PRIMARY KEY NOT NULL,
	"version" text NOT NULL,
	"record" text NOT NULL
);
--> statement-breakpoint
ALTER TABLE "mfa_events" ADD CONSTRAINT "mfa_events_user_id_mfa_records_user_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."mfa_records"("user_id") ON DELETE cascade ON UPDATE no action;