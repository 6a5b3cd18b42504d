truncate entry;
insert into entry values (1, 7, 10, 'for auditors'), (2, 8, 20, 'for auditors');
