-- lock_poll :many  uses trigger_poll_pkey  called by data/poller, first in the transaction that takes an answer in
-- Answers the row if the claim still holds; until the end nobody switches or changes the trigger.
select p.trigger_id
from trigger_poll p
where p.tenant_id = $1::uuid
    and p.trigger_id = $2::uuid
    and p.epoch = $3::bigint
    and p.due_at is not null
for update
