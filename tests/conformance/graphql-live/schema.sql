create table author (id int primary key, tenant int not null, name text not null, state text not null default 'new');
create table article (
    id int primary key,
    author_id int not null references author (id) on delete cascade,
    title text not null
);
create table event (seq bigserial primary key, worker int not null);
create view author_names as select id, name from author;
insert into author (id, tenant, name) select n, n % 2 + 1, 'author ' || n from generate_series(1, 20) n;
insert into article select n, 1, 'article ' || n from generate_series(1, 3) n;
