-- A small library: every kind of column, key, relationship and function that the conventions speak of.
create extension if not exists citext;
create extension if not exists ltree;
create type mood as enum ('calm', 'tense');

create table genre (value text primary key, comment text);

create table author (
    id serial primary key,
    name text not null unique,
    bio text,
    born date,
    is_registered boolean not null default false,
    rating real,
    fortune numeric,
    followers bigint not null default 0,
    mentor_id int references author (id)
);
comment on table author is 'People who write';
comment on column author.bio is 'A few words about the author';

create table article (
    id serial primary key,
    title text not null,
    content text,
    author_id int not null references author (id),
    genre text references genre (value),
    is_published boolean not null default false,
    published_on timestamptz,
    likes int not null default 0,
    details jsonb not null default '{}',
    raw json,
    words text[] not null default '{}',
    check (likes >= 0)
);

create table tag (
    id uuid primary key,
    label citext not null unique,
    path ltree,
    mood mood
);

create table article_tag (
    article_id int not null references article (id) on delete cascade,
    tag_id uuid not null references tag (id),
    position smallint not null default 0,
    primary key (article_id, tag_id)
);

-- A row of another schema, without a foreign key: relationships by hand.
create schema stats;
create table stats.visit (
    article_id int not null,
    day date not null,
    visits bigint not null,
    price money,
    primary key (article_id, day)
);

-- Optional one-to-one, the key on the other side.
create table profile (
    author_id int primary key references author (id),
    homepage text not null,
    settings jsonb
);

create domain labels as text[];
create table shelf (id int primary key, grid int[], labels labels);

create view published_article as
select id, title, author_id from article where is_published;

create function author_full_name(author_row author) returns text language sql stable as $$
select author_row.name || coalesce(' (' || author_row.bio || ')', '')
$$;
create function author_greeting(author_row author, word text, mark text default '!') returns text language sql stable as $$
select word || ', ' || author_row.name || mark
$$;
create function author_popular_articles(author_row author, at_least int default 0) returns setof article language sql stable as $$
select * from article where author_id = author_row.id and likes >= at_least order by id
$$;
create function search_articles(term text) returns setof article language sql stable as $$
select * from article where title ilike '%' || term || '%' order by id
$$;
create function all_articles() returns setof article language sql stable as $$
select * from article order by id
$$;
create function my_articles(session json) returns setof article language sql stable as $$
select * from article where author_id = (session ->> 'x-hasura-user-id')::int order by id
$$;
create function like_article(article_id int, by int default 1) returns setof article language sql volatile as $$
update article set likes = likes + by where id = article_id returning *
$$;
