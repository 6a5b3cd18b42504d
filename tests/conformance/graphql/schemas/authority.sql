-- A ledger whose writers are programs of the backend only, whose subscriptions are withheld, and an action of another role.
create table entry (
    id int primary key,
    owner_id int not null,
    amount int not null,
    remark text not null default 'for auditors'
);
