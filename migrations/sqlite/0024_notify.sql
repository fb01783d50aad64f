-- PostgreSQL notifies other processes of what was committed. One process serves a SQLite database, so there is nothing to do.
select 1;
