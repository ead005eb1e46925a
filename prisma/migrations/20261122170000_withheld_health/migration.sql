-- What is withheld at dispatch has no attempt, and an endpoint's health counts it all the same. They are few among all deliveries.
CREATE INDEX "delivery_withheld_idx" ON "delivery" ("agency_id", "endpoint_id", "finished_at") WHERE "status" = 'FAILED' AND "attempts" = 0;
