-- Domains over everything, and arrays of more dimensions.
create type mood as enum ('calm', 'tense');
create domain tags as text[];
create domain few_tags as tags check (cardinality(value) < 4);
create domain doc as jsonb;
create domain any_mood as mood;
create domain my_mood as any_mood;
create domain moods as mood[];
create domain span as int4range;
create domain positive as int check (value > 0);
create domain price as numeric(10, 2);
create domain code as varchar(5);

create table thing (
    id positive primary key,
    tags tags,
    few few_tags,
    doc doc,
    mood my_mood,
    moods moods,
    mood_list any_mood[],
    span span,
    docs doc[],
    price price,
    prices price[],
    code code,
    numbers positive[],
    grid int[][]
);
create table mood_note (mood my_mood primary key, note text);
create table remark (id int primary key, mood any_mood);

create function things_like(
    few few_tags, mood my_mood default null, moods moods default null, span span default null, doc doc default null,
    numbers positive[] default null
) returns setof thing language sql stable as $$
select * from thing t
where ($1 is null or t.few = $1) and ($2 is null or t.mood::mood = $2::mood) and ($3 is null or t.moods = $3)
    and ($4 is null or t.span::int4range = $4::int4range) and ($5 is null or t.doc = $5) and ($6 is null or t.numbers = $6)
order by id
$$;
create function next_mood(row_of thing) returns my_mood language sql stable as $$
select (case when row_of.mood::mood = 'calm' then 'tense' else 'calm' end)::my_mood
$$;
