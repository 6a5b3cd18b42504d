-- enter_gates :one  by job's key, then see turn_gates  called by data/ingress last in a flush that begins runs with rules
select enter_gates($1::uuid[], $2::uuid[])
