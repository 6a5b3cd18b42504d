truncate thing, remark, mood_note;
insert into thing values (
    1, '{a,"b,c"}', '{x}', '{"a": 1}', 'calm', '{calm,tense}', '{calm}', '[1,3)', array['{"a": 1}', '[2]', '"s"']::doc[], 1.5,
    '{1.5,2.25}', 'abc', '{1,2}', '{{1,2},{3,4}}'
);
insert into thing (id, doc, mood) values (2, '[1, "q"]', 'tense');
insert into mood_note values ('calm', 'good'), ('tense', 'bad');
insert into remark values (1, 'tense'), (2, 'calm');
