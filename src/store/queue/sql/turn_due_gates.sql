-- turn_due_gates :one  uses flow_gate_due_idx, then see turn_gates  called by data/dispatch when the next is due, and every second
select t.begun, t.turned, t.next_ms from turn_due_gates($1::int) t
