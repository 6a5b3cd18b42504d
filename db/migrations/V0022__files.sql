-- Files: what is too large for a value of a run, or is no text. A row is written once its bytes are whole, durable and
-- digested; they are sealed with the tenant's data key, beside the values in the blob folder, under the file's id.
set local search_path = weft;
set local role weft_owner;

create table file (
    tenant_id uuid not null,
    id uuid not null,
    name text not null check (octet_length(name) between 1 and 255),
    media_type text not null check (octet_length(media_type) between 1 and 127),
    size_bytes bigint not null check (size_bytes >= 0),
    sha256 bytea not null check (octet_length(sha256) = 32),
    key_id uuid not null,
    origin text not null check (origin in ('upload', 'webhook', 'form', 'made')),
    created_at timestamptz not null default clock_timestamp(),
    expires_at timestamptz not null,
    primary key (tenant_id, id)
);
-- Cross-tenant on purpose: what has passed goes by its age.
create index file_expires_idx on file (expires_at);
-- Likewise: the sweep asks which stored bytes a row refers to, and these do not say whose they are.
create index file_id_idx on file (id);
call protect('file');

-- Which runs were given which files: a run opens these and no others, whatever ids a text holds.
create table file_use (
    tenant_id uuid not null,
    run_id uuid not null,
    file_id uuid not null,
    primary key (tenant_id, run_id, file_id),
    foreign key (tenant_id, file_id) references file (tenant_id, id) on delete cascade
);
create index file_use_file_idx on file_use (tenant_id, file_id);
call protect('file_use');

-- What a tenant's files take of the disk, kept beside them: counting them for each upload would grow with their number.
create table file_space (
    tenant_id uuid not null primary key,
    size_bytes bigint not null default 0,
    files bigint not null default 0
);
call protect('file_space');
