truncate place;
insert into place values
    (1, 'harbour', gis.st_setsrid(gis.st_point(10, 54), 4326),
        gis.st_geomfromtext('POLYGON((0 0, 4 0, 4 4, 0 4, 0 0))', 4326), 'LINESTRING(10 54, 11 54)'),
    (2, 'mill', gis.st_setsrid(gis.st_point(10.5, 54), 4326),
        gis.st_geomfromtext('POLYGON((2 2, 6 2, 6 6, 2 6, 2 2))', 4326), 'POINT(20 54)'),
    (3, 'nowhere', null, null, null);
