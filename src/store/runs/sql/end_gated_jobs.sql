-- end_gated_jobs :one  by job's key, then see turn_gates  called by the journal writer in a flush that ends runs with places at gates
select end_gated_jobs($1::uuid[])
