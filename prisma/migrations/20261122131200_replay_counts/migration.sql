-- What a replay is for is counted for as long as somebody can wait, and corrected as it is read.
ALTER TABLE "webhook_replay_job" ADD COLUMN "counted_whole" BOOLEAN NOT NULL DEFAULT true;
