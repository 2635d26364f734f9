CREATE SCHEMA "leeway";

CREATE TABLE IF NOT EXISTS "leeway"."leeway_schema" (version integer NOT NULL PRIMARY KEY);

CREATE TABLE "leeway"."leeway" (
  user_id text COLLATE "C" NOT NULL PRIMARY KEY,
  version text NOT NULL,
  record text NOT NULL,
  required boolean NOT NULL,
  starts_at bigint,
  deadline bigint,
  exempt_until bigint,
  suspended boolean NOT NULL,
  enrolled_at bigint,
  locked_until bigint,
  remind_at bigint
);

CREATE TABLE "leeway"."leeway_events" (
  user_id text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  type text NOT NULL,
  at bigint NOT NULL,
  event text NOT NULL,
  enrolled smallint,
  required smallint,
  PRIMARY KEY (user_id, id)
);

CREATE TABLE "leeway"."leeway_prunings" (pruned_before bigint NOT NULL PRIMARY KEY);

CREATE INDEX "leeway_suspended" ON "leeway"."leeway" (user_id) WHERE suspended;

CREATE INDEX "leeway_enrolled" ON "leeway"."leeway" (user_id) WHERE NOT suspended AND enrolled_at IS NOT NULL;

CREATE INDEX "leeway_optional" ON "leeway"."leeway" (user_id) WHERE NOT suspended AND enrolled_at IS NULL AND NOT required;

CREATE INDEX "leeway_stoppable" ON "leeway"."leeway" (user_id, deadline) WHERE NOT suspended AND enrolled_at IS NULL AND required;

CREATE INDEX "leeway_deadline" ON "leeway"."leeway" (deadline, user_id) WHERE NOT suspended AND enrolled_at IS NULL AND required;

CREATE INDEX "leeway_exempt" ON "leeway"."leeway" (user_id, exempt_until) WHERE exempt_until IS NOT NULL;

CREATE INDEX "leeway_locked" ON "leeway"."leeway" (user_id, locked_until) WHERE locked_until IS NOT NULL;

CREATE INDEX "leeway_reminders" ON "leeway"."leeway" (remind_at, user_id) WHERE remind_at IS NOT NULL;

CREATE INDEX "leeway_movements" ON "leeway"."leeway_events" (at, enrolled, required) WHERE enrolled IS NOT NULL;

CREATE INDEX "leeway_unmoved" ON "leeway"."leeway_events" (at) WHERE enrolled IS NULL;

INSERT INTO "leeway"."leeway_schema" (version) VALUES (1);
