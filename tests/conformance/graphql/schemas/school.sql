-- A small school: composite keys, lists, comments, rows that functions make, inherited roles.
create type mood as enum ('calm', 'tense');
create type spot as (x int, y int);

create table room (building text, number int, seats int not null, primary key (building, number));
comment on table room is 'A room';
comment on column room.seats is 'How many sit';

create table teacher (
    id int primary key,
    name text not null,
    salary int not null,
    email text,
    department text not null
);
comment on table teacher is 'Who teaches';
comment on column teacher.name is 'As spoken';
comment on column teacher.email is 'Where to write';

create table course (
    id int primary key,
    title text not null,
    teacher_id int not null references teacher (id),
    building text not null,
    room int,
    spare_building text not null,
    spare_room int not null,
    tags text[] not null default '{}',
    scores int[],
    moods mood[],
    spots spot[],
    sizes bigint[],
    foreign key (building, room) references room (building, number),
    foreign key (spare_building, spare_room) references room (building, number)
);

-- Arguments without a name, before and after one that has one.
create function courses_between(int, upper_id int, text default '') returns setof course language sql stable as $$
select * from course where id between $1 and upper_id and title like $3 || '%' order by id
$$;
comment on function courses_between is 'Courses by their number';
create function course_label(course, text, int) returns text language sql stable as $$
select $2 || $1.title || $3
$$;
create function tagged(wanted text[]) returns setof course language sql stable as $$
select * from course where tags @> wanted order by id
$$;
create function colleagues(who teacher) returns setof teacher language sql stable as $$
select * from teacher t where t.department = who.department and t.id <> who.id order by t.id
$$;
comment on function colleagues is 'Of the same department';
create function best_course(who teacher) returns course language sql stable as $$
select * from course c where c.teacher_id = who.id order by c.title desc limit 1
$$;
create function net_salary(who teacher) returns int language sql stable as $$
select who.salary * 3 / 4
$$;
create function paid_teachers(at_least int) returns setof teacher language sql stable as $$
select * from teacher where salary >= at_least order by id
$$;
create function raise_salary(of_id int, by int) returns setof teacher language sql volatile as $$
update teacher set salary = salary + by where id = of_id returning *
$$;
