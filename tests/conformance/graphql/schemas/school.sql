-- A small school: composite keys, lists, comments, rows that functions make, inherited roles.
create type mood as enum ('calm', 'tense');

create table room (building text, number int, seats int not null, primary key (building, number));

create table teacher (
    id int primary key,
    name text not null,
    salary int,
    email text,
    department text not null
);

create table course (
    id int primary key,
    title text not null,
    teacher_id int not null references teacher (id),
    building text not null,
    room int,
    spare_building text not null,
    spare_room int not null,
    foreign key (building, room) references room (building, number),
    foreign key (spare_building, spare_room) references room (building, number)
);

-- Arguments without a name, before and after one that has one.
create function courses_between(int, upper_id int, text default '') returns setof course language sql stable as $$
select * from course where id between $1 and upper_id and title like $3 || '%' order by id
$$;
create function course_label(course, text, int) returns text language sql stable as $$
select $2 || $1.title || $3
$$;
