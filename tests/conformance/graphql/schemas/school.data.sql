truncate room, teacher, course restart identity cascade;
insert into room values ('north', 1, 20), ('north', 2, 30), ('south', 1, 100);
insert into teacher values
    (1, 'Ann', 100, 'ann@example.org', 'maths'),
    (2, 'Bob', 200, 'bob@example.org', 'maths'),
    (3, 'Cid', 300, null, 'art');
insert into course values
    (1, 'Algebra', 1, 'north', 1, 'south', 1, '{plain,"with, comma"}', '{1,2}', '{calm}', '{"(1,2)"}', '{9007199254740993}'),
    (2, 'Botany', 2, 'north', null, 'south', 1, '{plain}', '{}', '{calm,tense}', null, null),
    (3, 'Collage', 3, 'south', 1, 'north', 2, '{}', null, null, null, null);
