-- Places on a map. PostGIS is in a schema of its own that is not on the search path.
create schema gis;
create extension postgis schema gis;
create table place (
    id int primary key,
    name text not null,
    spot gis.geometry(Point, 4326),
    area gis.geometry,
    coast gis.geography
);
create function place_centre(place_row place) returns gis.geometry language sql stable as $$
select gis.st_centroid(place_row.area)
$$;
create function near(spot gis.geometry) returns setof place language sql stable as $$
select * from place where gis.st_dwithin(place.spot, near.spot, 1) order by id
$$;
