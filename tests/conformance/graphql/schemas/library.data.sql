truncate shelf, genre, author, article, tag, article_tag, stats.visit, profile restart identity cascade;
insert into genre values ('essay', 'Thoughts'), ('fiction', 'Invented'), ('science', null);
insert into author (name, bio, born, is_registered, rating, fortune, followers, mentor_id) values
    ('Ada', 'first', '1815-12-10', true, 4.5, 1234567890.12, 9007199254740993, null),
    ('Ben', null, '1980-02-29', true, 3.25, 0.1, 5, 1),
    ('Cleo', 'third', null, false, null, null, 0, 1),
    ('Dan', null, '1990-06-15', false, 2, 10, 0, 2);
insert into article (title, content, author_id, genre, is_published, published_on, likes, details, raw, words) values
    ('Engines', 'on engines', 1, 'science', true, '2020-01-01T10:00:00Z', 10, '{"pages": 12, "tags": ["a", "b"], "meta": {"lang": "en"}}', '{"a": 1}', '{analytical,engine}'),
    ('Notes', 'note g', 1, 'essay', false, null, 3, '{"pages": 3}', null, '{}'),
    ('Loops', null, 2, 'science', true, '2021-05-05T12:30:00+02:00', 7, '{"pages": 7, "tags": ["b"]}', '[1, 2]', '{loop}'),
    ('Tales', 'once', 3, 'fiction', true, '2022-02-02T00:00:00Z', 0, '{}', null, '{once,upon}'),
    ('Drafts', 'unfinished', 2, null, false, null, 0, '{"pages": null}', null, '{}');
insert into tag values
    ('11111111-1111-1111-1111-111111111111', 'Math', 'top.math', 'calm'),
    ('22222222-2222-2222-2222-222222222222', 'Code', 'top.code.loops', 'tense'),
    ('33333333-3333-3333-3333-333333333333', 'Story', null, null);
insert into article_tag values
    (1, '11111111-1111-1111-1111-111111111111', 1), (1, '22222222-2222-2222-2222-222222222222', 2),
    (3, '22222222-2222-2222-2222-222222222222', 1), (4, '33333333-3333-3333-3333-333333333333', 1);
insert into stats.visit values (1, '2024-01-01', 100, 1.5), (1, '2024-01-02', 50, 2.25), (3, '2024-01-01', 9223372036854775807, null);
insert into profile values (1, 'https://ada.example', '{"theme": "dark"}'), (2, 'https://ben.example', null);
