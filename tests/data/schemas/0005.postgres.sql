SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET transaction_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
CREATE EXTENSION IF NOT EXISTS vector WITH SCHEMA public;
CREATE TEXT SEARCH DICTIONARY public.lasttenth (
    TEMPLATE = pg_catalog.snowball,
    language = 'english' );
CREATE TEXT SEARCH CONFIGURATION public.lasttenth (
    PARSER = pg_catalog."default" );
ALTER TEXT SEARCH CONFIGURATION public.lasttenth
    ADD MAPPING FOR asciiword WITH public.lasttenth;
ALTER TEXT SEARCH CONFIGURATION public.lasttenth
    ADD MAPPING FOR word WITH public.lasttenth;
ALTER TEXT SEARCH CONFIGURATION public.lasttenth
    ADD MAPPING FOR numword WITH simple;
ALTER TEXT SEARCH CONFIGURATION public.lasttenth
    ADD MAPPING FOR email WITH simple;
ALTER TEXT SEARCH CONFIGURATION public.lasttenth
    ADD MAPPING FOR url WITH simple;
ALTER TEXT SEARCH CONFIGURATION public.lasttenth
    ADD MAPPING FOR host WITH simple;
ALTER TEXT SEARCH CONFIGURATION public.lasttenth
    ADD MAPPING FOR sfloat WITH simple;
ALTER TEXT SEARCH CONFIGURATION public.lasttenth
    ADD MAPPING FOR version WITH simple;
ALTER TEXT SEARCH CONFIGURATION public.lasttenth
    ADD MAPPING FOR hword_numpart WITH simple;
ALTER TEXT SEARCH CONFIGURATION public.lasttenth
    ADD MAPPING FOR hword_part WITH public.lasttenth;
ALTER TEXT SEARCH CONFIGURATION public.lasttenth
    ADD MAPPING FOR hword_asciipart WITH public.lasttenth;
ALTER TEXT SEARCH CONFIGURATION public.lasttenth
    ADD MAPPING FOR numhword WITH simple;
ALTER TEXT SEARCH CONFIGURATION public.lasttenth
    ADD MAPPING FOR asciihword WITH public.lasttenth;
ALTER TEXT SEARCH CONFIGURATION public.lasttenth
    ADD MAPPING FOR hword WITH public.lasttenth;
ALTER TEXT SEARCH CONFIGURATION public.lasttenth
    ADD MAPPING FOR url_path WITH simple;
ALTER TEXT SEARCH CONFIGURATION public.lasttenth
    ADD MAPPING FOR file WITH simple;
ALTER TEXT SEARCH CONFIGURATION public.lasttenth
    ADD MAPPING FOR "float" WITH simple;
ALTER TEXT SEARCH CONFIGURATION public.lasttenth
    ADD MAPPING FOR "int" WITH simple;
ALTER TEXT SEARCH CONFIGURATION public.lasttenth
    ADD MAPPING FOR uint WITH simple;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.block_uses (
    project text NOT NULL COLLATE pg_catalog."C",
    start bigint NOT NULL,
    hash bytea NOT NULL,
    trace_id bytea NOT NULL,
    span_id bytea NOT NULL
)
PARTITION BY RANGE (start);
CREATE TABLE public.block_uses_20260101 (
    project text CONSTRAINT block_uses_project_not_null NOT NULL COLLATE pg_catalog."C",
    start bigint CONSTRAINT block_uses_start_not_null NOT NULL,
    hash bytea CONSTRAINT block_uses_hash_not_null NOT NULL,
    trace_id bytea CONSTRAINT block_uses_trace_id_not_null NOT NULL,
    span_id bytea CONSTRAINT block_uses_span_id_not_null NOT NULL
);
CREATE TABLE public.block_uses_default (
    project text CONSTRAINT block_uses_project_not_null NOT NULL COLLATE pg_catalog."C",
    start bigint CONSTRAINT block_uses_start_not_null NOT NULL,
    hash bytea CONSTRAINT block_uses_hash_not_null NOT NULL,
    trace_id bytea CONSTRAINT block_uses_trace_id_not_null NOT NULL,
    span_id bytea CONSTRAINT block_uses_span_id_not_null NOT NULL
);
CREATE TABLE public.blocks (
    project text NOT NULL COLLATE pg_catalog."C",
    start bigint NOT NULL,
    hash bytea NOT NULL,
    parent bytea,
    body bytea NOT NULL
)
PARTITION BY RANGE (start);
ALTER TABLE ONLY public.blocks ALTER COLUMN body SET STORAGE EXTERNAL;
CREATE TABLE public.blocks_20260101 (
    project text CONSTRAINT blocks_project_not_null NOT NULL COLLATE pg_catalog."C",
    start bigint CONSTRAINT blocks_start_not_null NOT NULL,
    hash bytea CONSTRAINT blocks_hash_not_null NOT NULL,
    parent bytea,
    body bytea CONSTRAINT blocks_body_not_null NOT NULL
);
ALTER TABLE ONLY public.blocks_20260101 ALTER COLUMN body SET STORAGE EXTERNAL;
CREATE TABLE public.blocks_default (
    project text CONSTRAINT blocks_project_not_null NOT NULL COLLATE pg_catalog."C",
    start bigint CONSTRAINT blocks_start_not_null NOT NULL,
    hash bytea CONSTRAINT blocks_hash_not_null NOT NULL,
    parent bytea,
    body bytea CONSTRAINT blocks_body_not_null NOT NULL
);
ALTER TABLE ONLY public.blocks_default ALTER COLUMN body SET STORAGE EXTERNAL;
CREATE TABLE public.chunks (
    id bigint NOT NULL,
    project text NOT NULL COLLATE pg_catalog."C",
    index_id bigint NOT NULL,
    document_id bigint NOT NULL,
    start bigint NOT NULL,
    "end" bigint NOT NULL,
    line bigint NOT NULL,
    headings text NOT NULL COLLATE pg_catalog."C",
    vector public.vector,
    words tsvector,
    size bigint
);
CREATE SEQUENCE public.chunks_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.chunks_id_seq OWNED BY public.chunks.id;
CREATE TABLE public.definitions (
    project text NOT NULL COLLATE pg_catalog."C",
    hash text NOT NULL COLLATE pg_catalog."C",
    kind text NOT NULL COLLATE pg_catalog."C",
    body text NOT NULL COLLATE pg_catalog."C",
    created bigint NOT NULL
);
CREATE TABLE public.dictionaries (
    project text NOT NULL COLLATE pg_catalog."C",
    id integer NOT NULL,
    body bytea NOT NULL,
    spans bigint NOT NULL,
    created bigint NOT NULL
);
CREATE TABLE public.documents (
    id bigint NOT NULL,
    project text NOT NULL COLLATE pg_catalog."C",
    index_id bigint NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    hash text NOT NULL COLLATE pg_catalog."C",
    payload text NOT NULL COLLATE pg_catalog."C"
);
CREATE SEQUENCE public.documents_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.documents_id_seq OWNED BY public.documents.id;
CREATE TABLE public.edges (
    project text NOT NULL COLLATE pg_catalog."C",
    child text NOT NULL COLLATE pg_catalog."C",
    parent text NOT NULL COLLATE pg_catalog."C"
);
CREATE TABLE public.events (
    sequence bigint NOT NULL,
    project text NOT NULL COLLATE pg_catalog."C",
    id text NOT NULL COLLATE pg_catalog."C",
    kind text NOT NULL COLLATE pg_catalog."C",
    subject text NOT NULL COLLATE pg_catalog."C",
    at bigint NOT NULL,
    body text NOT NULL COLLATE pg_catalog."C"
);
CREATE SEQUENCE public.events_sequence_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.events_sequence_seq OWNED BY public.events.sequence;
CREATE TABLE public.expectations (
    project text NOT NULL COLLATE pg_catalog."C",
    kind text NOT NULL COLLATE pg_catalog."C",
    expect_every bigint NOT NULL,
    since bigint NOT NULL,
    last_success bigint
);
CREATE TABLE public.file_parts (
    project text NOT NULL COLLATE pg_catalog."C",
    file text NOT NULL COLLATE pg_catalog."C",
    number integer NOT NULL,
    size bigint NOT NULL,
    encoding text NOT NULL COLLATE pg_catalog."C",
    body bytea NOT NULL
);
CREATE TABLE public.files (
    project text NOT NULL COLLATE pg_catalog."C",
    id text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL COLLATE pg_catalog."C",
    purpose text NOT NULL COLLATE pg_catalog."C",
    created bigint NOT NULL,
    expires bigint
);
CREATE TABLE public.indexes (
    id bigint NOT NULL,
    project text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL COLLATE pg_catalog."C",
    splitter text NOT NULL COLLATE pg_catalog."C",
    embedder text NOT NULL COLLATE pg_catalog."C",
    embedder_hash text NOT NULL COLLATE pg_catalog."C",
    dimension integer NOT NULL,
    revision bigint NOT NULL
);
CREATE SEQUENCE public.indexes_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.indexes_id_seq OWNED BY public.indexes.id;
CREATE TABLE public.jobs (
    project text NOT NULL COLLATE pg_catalog."C",
    id text NOT NULL COLLATE pg_catalog."C",
    kind text NOT NULL COLLATE pg_catalog."C",
    payload text NOT NULL COLLATE pg_catalog."C",
    queue text NOT NULL COLLATE pg_catalog."C",
    priority integer NOT NULL,
    state text NOT NULL COLLATE pg_catalog."C",
    due bigint,
    attempts integer NOT NULL,
    max_attempts integer NOT NULL,
    idempotency_key text COLLATE pg_catalog."C",
    concurrency_key text NOT NULL COLLATE pg_catalog."C",
    schedule text NOT NULL COLLATE pg_catalog."C",
    cancelling boolean NOT NULL,
    progress text NOT NULL COLLATE pg_catalog."C",
    result text NOT NULL COLLATE pg_catalog."C",
    error_code text NOT NULL COLLATE pg_catalog."C",
    error text NOT NULL COLLATE pg_catalog."C",
    worker text NOT NULL COLLATE pg_catalog."C",
    token bigint NOT NULL,
    created bigint NOT NULL,
    started bigint,
    ended bigint
);
CREATE TABLE public.keys (
    id text NOT NULL COLLATE pg_catalog."C",
    project text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL COLLATE pg_catalog."C",
    digest text NOT NULL COLLATE pg_catalog."C",
    created bigint NOT NULL,
    revoked bigint
);
CREATE TABLE public.payloads (
    project text NOT NULL COLLATE pg_catalog."C",
    id text NOT NULL COLLATE pg_catalog."C",
    media_type text NOT NULL COLLATE pg_catalog."C",
    body bytea,
    encoding text NOT NULL COLLATE pg_catalog."C",
    size bigint NOT NULL
);
CREATE TABLE public.projects (
    name text NOT NULL COLLATE pg_catalog."C",
    payload_key bytea NOT NULL,
    created bigint NOT NULL
);
CREATE TABLE public.queues (
    project text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL COLLATE pg_catalog."C",
    running integer,
    per_key integer NOT NULL,
    rate integer,
    period bigint NOT NULL,
    full_until bigint NOT NULL
);
CREATE TABLE public.rollups (
    project text NOT NULL COLLATE pg_catalog."C",
    hour bigint NOT NULL,
    series bigint NOT NULL,
    shard integer NOT NULL,
    spans bigint NOT NULL,
    errors bigint NOT NULL,
    input_tokens bigint NOT NULL,
    output_tokens bigint NOT NULL,
    cost bigint NOT NULL,
    unpriced bigint NOT NULL,
    durations bytea NOT NULL,
    first_tokens bytea NOT NULL
);
CREATE TABLE public.schedules (
    project text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL COLLATE pg_catalog."C",
    body text NOT NULL COLLATE pg_catalog."C",
    paused boolean NOT NULL,
    next_due bigint NOT NULL,
    expect_every bigint,
    since bigint NOT NULL,
    last_success bigint
);
CREATE TABLE public.series (
    project text NOT NULL COLLATE pg_catalog."C",
    id bigint NOT NULL,
    operation text NOT NULL COLLATE pg_catalog."C",
    model text NOT NULL COLLATE pg_catalog."C",
    task text NOT NULL COLLATE pg_catalog."C",
    release text NOT NULL COLLATE pg_catalog."C",
    environment text NOT NULL COLLATE pg_catalog."C",
    pointer text NOT NULL COLLATE pg_catalog."C"
);
CREATE TABLE public.span_backlog (
    project text NOT NULL COLLATE pg_catalog."C",
    trace_id bytea NOT NULL,
    span_id bytea NOT NULL,
    start bigint NOT NULL
);
CREATE TABLE public.span_words (
    project text NOT NULL COLLATE pg_catalog."C",
    trace_id bytea NOT NULL,
    span_id bytea NOT NULL,
    start bigint NOT NULL,
    words integer[] NOT NULL
)
PARTITION BY RANGE (start);
CREATE TABLE public.span_words_20260101 (
    project text CONSTRAINT span_words_project_not_null NOT NULL COLLATE pg_catalog."C",
    trace_id bytea CONSTRAINT span_words_trace_id_not_null NOT NULL,
    span_id bytea CONSTRAINT span_words_span_id_not_null NOT NULL,
    start bigint CONSTRAINT span_words_start_not_null NOT NULL,
    words integer[] CONSTRAINT span_words_words_not_null NOT NULL
);
CREATE TABLE public.span_words_default (
    project text CONSTRAINT span_words_project_not_null NOT NULL COLLATE pg_catalog."C",
    trace_id bytea CONSTRAINT span_words_trace_id_not_null NOT NULL,
    span_id bytea CONSTRAINT span_words_span_id_not_null NOT NULL,
    start bigint CONSTRAINT span_words_start_not_null NOT NULL,
    words integer[] CONSTRAINT span_words_words_not_null NOT NULL
);
CREATE TABLE public.spans (
    project text CONSTRAINT spans_project_not_null1 NOT NULL COLLATE pg_catalog."C",
    trace_id bytea CONSTRAINT spans_trace_id_not_null1 NOT NULL,
    span_id bytea CONSTRAINT spans_span_id_not_null1 NOT NULL,
    parent_id bytea,
    name text CONSTRAINT spans_name_not_null1 NOT NULL COLLATE pg_catalog."C",
    start bigint CONSTRAINT spans_start_not_null1 NOT NULL,
    duration bigint NOT NULL,
    series bigint NOT NULL,
    error text COLLATE pg_catalog."C",
    unit text CONSTRAINT spans_unit_not_null1 NOT NULL COLLATE pg_catalog."C",
    input_tokens bigint,
    output_tokens bigint,
    cost bigint,
    dictionary integer NOT NULL,
    payload bytea NOT NULL
)
PARTITION BY RANGE (start);
ALTER TABLE ONLY public.spans ALTER COLUMN payload SET STORAGE EXTERNAL;
CREATE TABLE public.spans_20260101 (
    project text CONSTRAINT spans_project_not_null1 NOT NULL COLLATE pg_catalog."C",
    trace_id bytea CONSTRAINT spans_trace_id_not_null1 NOT NULL,
    span_id bytea CONSTRAINT spans_span_id_not_null1 NOT NULL,
    parent_id bytea,
    name text CONSTRAINT spans_name_not_null1 NOT NULL COLLATE pg_catalog."C",
    start bigint CONSTRAINT spans_start_not_null1 NOT NULL,
    duration bigint CONSTRAINT spans_duration_not_null NOT NULL,
    series bigint CONSTRAINT spans_series_not_null NOT NULL,
    error text COLLATE pg_catalog."C",
    unit text CONSTRAINT spans_unit_not_null1 NOT NULL COLLATE pg_catalog."C",
    input_tokens bigint,
    output_tokens bigint,
    cost bigint,
    dictionary integer CONSTRAINT spans_dictionary_not_null NOT NULL,
    payload bytea CONSTRAINT spans_payload_not_null NOT NULL
);
ALTER TABLE ONLY public.spans_20260101 ALTER COLUMN payload SET STORAGE EXTERNAL;
CREATE TABLE public.spans_default (
    project text CONSTRAINT spans_project_not_null1 NOT NULL COLLATE pg_catalog."C",
    trace_id bytea CONSTRAINT spans_trace_id_not_null1 NOT NULL,
    span_id bytea CONSTRAINT spans_span_id_not_null1 NOT NULL,
    parent_id bytea,
    name text CONSTRAINT spans_name_not_null1 NOT NULL COLLATE pg_catalog."C",
    start bigint CONSTRAINT spans_start_not_null1 NOT NULL,
    duration bigint CONSTRAINT spans_duration_not_null NOT NULL,
    series bigint CONSTRAINT spans_series_not_null NOT NULL,
    error text COLLATE pg_catalog."C",
    unit text CONSTRAINT spans_unit_not_null1 NOT NULL COLLATE pg_catalog."C",
    input_tokens bigint,
    output_tokens bigint,
    cost bigint,
    dictionary integer CONSTRAINT spans_dictionary_not_null NOT NULL,
    payload bytea CONSTRAINT spans_payload_not_null NOT NULL
);
ALTER TABLE ONLY public.spans_default ALTER COLUMN payload SET STORAGE EXTERNAL;
CREATE TABLE public.spending (
    project text NOT NULL COLLATE pg_catalog."C",
    day bigint NOT NULL,
    kind text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL COLLATE pg_catalog."C",
    shard integer NOT NULL,
    spans bigint NOT NULL,
    errors bigint NOT NULL,
    input_tokens bigint NOT NULL,
    output_tokens bigint NOT NULL,
    cost bigint NOT NULL,
    unpriced bigint NOT NULL
);
ALTER TABLE ONLY public.block_uses ATTACH PARTITION public.block_uses_20260101 FOR VALUES FROM ('1767225600000000000') TO ('1767312000000000000');
ALTER TABLE ONLY public.block_uses ATTACH PARTITION public.block_uses_default DEFAULT;
ALTER TABLE ONLY public.blocks ATTACH PARTITION public.blocks_20260101 FOR VALUES FROM ('1767225600000000000') TO ('1767312000000000000');
ALTER TABLE ONLY public.blocks ATTACH PARTITION public.blocks_default DEFAULT;
ALTER TABLE ONLY public.span_words ATTACH PARTITION public.span_words_20260101 FOR VALUES FROM ('1767225600000000000') TO ('1767312000000000000');
ALTER TABLE ONLY public.span_words ATTACH PARTITION public.span_words_default DEFAULT;
ALTER TABLE ONLY public.spans ATTACH PARTITION public.spans_20260101 FOR VALUES FROM ('1767225600000000000') TO ('1767312000000000000');
ALTER TABLE ONLY public.spans ATTACH PARTITION public.spans_default DEFAULT;
ALTER TABLE ONLY public.chunks ALTER COLUMN id SET DEFAULT nextval('public.chunks_id_seq'::regclass);
ALTER TABLE ONLY public.documents ALTER COLUMN id SET DEFAULT nextval('public.documents_id_seq'::regclass);
ALTER TABLE ONLY public.events ALTER COLUMN sequence SET DEFAULT nextval('public.events_sequence_seq'::regclass);
ALTER TABLE ONLY public.indexes ALTER COLUMN id SET DEFAULT nextval('public.indexes_id_seq'::regclass);
INSERT INTO public.alembic_version VALUES ('0005');
INSERT INTO public.block_uses_20260101 VALUES ('one', 1767225600000000000, '\x0040568a69af2aabb7502af7447610c23f3d0fa5', '\x00000000000000000000000000000003', '\xbbbbbbbbbbbbbbbb');
INSERT INTO public.block_uses_20260101 VALUES ('one', 1767225600000000000, '\x0040568a69af2aabb7502af7447610c23f3d0fa5', '\x00000000000000000000000000000002', '\xbbbbbbbbbbbbbbbb');
INSERT INTO public.block_uses_20260101 VALUES ('one', 1767225600000000000, '\x0040568a69af2aabb7502af7447610c23f3d0fa5', '\x00000000000000000000000000000004', '\xbbbbbbbbbbbbbbbb');
INSERT INTO public.block_uses_20260101 VALUES ('one', 1767225600000000000, '\x20403301f1649c066e9acf49a3604b6e62123861', '\x00000000000000000000000000000004', '\xbbbbbbbbbbbbbbbb');
INSERT INTO public.block_uses_20260101 VALUES ('one', 1767225600000000000, '\x0040568a69af2aabb7502af7447610c23f3d0fa5', '\x00000000000000000000000000000001', '\xbbbbbbbbbbbbbbbb');
INSERT INTO public.block_uses_20260101 VALUES ('two', 1767225600000000000, '\x64eb9dc166566f72f8b9c7d5f878ca7cb1e26936', '\x00000000000000000000000000000003', '\xbbbbbbbbbbbbbbbb');
INSERT INTO public.block_uses_20260101 VALUES ('two', 1767225600000000000, '\x64eb9dc166566f72f8b9c7d5f878ca7cb1e26936', '\x00000000000000000000000000000002', '\xbbbbbbbbbbbbbbbb');
INSERT INTO public.block_uses_20260101 VALUES ('two', 1767225600000000000, '\x64eb9dc166566f72f8b9c7d5f878ca7cb1e26936', '\x00000000000000000000000000000004', '\xbbbbbbbbbbbbbbbb');
INSERT INTO public.block_uses_20260101 VALUES ('two', 1767225600000000000, '\x20403301f1649c066e9acf49a3604b6e62123861', '\x00000000000000000000000000000004', '\xbbbbbbbbbbbbbbbb');
INSERT INTO public.block_uses_20260101 VALUES ('two', 1767225600000000000, '\x64eb9dc166566f72f8b9c7d5f878ca7cb1e26936', '\x00000000000000000000000000000001', '\xbbbbbbbbbbbbbbbb');
INSERT INTO public.blocks_20260101 VALUES ('one', 1767225600000000000, '\x0040568a69af2aabb7502af7447610c23f3d0fa5', NULL, '\x28b52ffd64001f55010014026f6e65206c616d700020efa3bf3020c3a9202771756f74656427202573205c200a0100e17ed2ab2788c802f2');
INSERT INTO public.blocks_20260101 VALUES ('one', 1767225600000000000, '\x20403301f1649c066e9acf49a3604b6e62123861', NULL, '\x28b52ffd64001fc5000080626567696e73206f74686572776973650100da7ffab9044c963db4');
INSERT INTO public.blocks_20260101 VALUES ('two', 1767225600000000000, '\x64eb9dc166566f72f8b9c7d5f878ca7cb1e26936', NULL, '\x28b52ffd64001f550100140274776f206c616d700020efa3bf3020c3a9202771756f74656427202573205c200a0100e17ed2ab27d311cbee');
INSERT INTO public.blocks_20260101 VALUES ('two', 1767225600000000000, '\x20403301f1649c066e9acf49a3604b6e62123861', NULL, '\x28b52ffd64001fc5000080626567696e73206f74686572776973650100da7ffab9044c963db4');
INSERT INTO public.chunks VALUES (1, 'one', 1, 1, 0, 20, 1, '["Policy","lamp\u0000 0 é ''quoted'' %s \\ \n"]', '[0,0.1,0.33333334]', '''0'':3 ''e'':4 ''lamp'':2,8 ''note'':9 ''polici'':1 ''quot'':5 ''return'':7 ''s'':6', 9);
INSERT INTO public.chunks VALUES (2, 'one', 1, 1, 20, 65, 2, '[]', '[0,0.1,0.33333334]', '''0'':1,5 ''e'':6 ''lamp'':4 ''quot'':7 ''s'':8 ''their'':2 ''warranti'':3', 8);
INSERT INTO public.chunks VALUES (3, 'one', 1, 2, 0, 20, 1, '["Policy","lamp\u0000 0 é ''quoted'' %s \\ \n"]', '[0.1,0.1,0.33333334]', '''0'':3 ''e'':4 ''lamp'':2,8 ''note'':9 ''polici'':1 ''quot'':5 ''return'':7 ''s'':6', 9);
INSERT INTO public.chunks VALUES (4, 'one', 1, 2, 20, 65, 2, '[]', '[0.1,0.1,0.33333334]', '''0'':5 ''1'':1 ''e'':6 ''lamp'':4 ''quot'':7 ''s'':8 ''their'':2 ''warranti'':3', 8);
INSERT INTO public.chunks VALUES (5, 'one', 1, 3, 0, 20, 1, '["Policy","lamp\u0000 0 é ''quoted'' %s \\ \n"]', '[0.2,0.1,0.33333334]', '''0'':3 ''e'':4 ''lamp'':2,8 ''note'':9 ''polici'':1 ''quot'':5 ''return'':7 ''s'':6', 9);
INSERT INTO public.chunks VALUES (6, 'one', 1, 3, 20, 65, 2, '[]', '[0.2,0.1,0.33333334]', '''0'':5 ''2'':1 ''e'':6 ''lamp'':4 ''quot'':7 ''s'':8 ''their'':2 ''warranti'':3', 8);
INSERT INTO public.chunks VALUES (7, 'one', 1, 4, 0, 20, 1, '["Policy","lamp\u0000 0 é ''quoted'' %s \\ \n"]', '[0.3,0.1,0.33333334]', '''0'':3 ''e'':4 ''lamp'':2,8 ''note'':9 ''polici'':1 ''quot'':5 ''return'':7 ''s'':6', 9);
INSERT INTO public.chunks VALUES (8, 'one', 1, 4, 20, 65, 2, '[]', '[0.3,0.1,0.33333334]', '''0'':5 ''3'':1 ''e'':6 ''lamp'':4 ''quot'':7 ''s'':8 ''their'':2 ''warranti'':3', 8);
INSERT INTO public.chunks VALUES (9, 'one', 1, 5, 0, 20, 1, '["Policy","lamp\u0000 0 é ''quoted'' %s \\ \n"]', '[0.4,0.1,0.33333334]', '''0'':3 ''e'':4 ''lamp'':2,8 ''note'':9 ''polici'':1 ''quot'':5 ''return'':7 ''s'':6', 9);
INSERT INTO public.chunks VALUES (10, 'one', 1, 5, 20, 65, 2, '[]', '[0.4,0.1,0.33333334]', '''0'':5 ''4'':1 ''e'':6 ''lamp'':4 ''quot'':7 ''s'':8 ''their'':2 ''warranti'':3', 8);
INSERT INTO public.chunks VALUES (13, 'two', 2, 7, 0, 20, 1, '["Policy","lamp\u0000 0 é ''quoted'' %s \\ \n"]', '[0,0.1,0.33333334]', '''0'':3 ''e'':4 ''lamp'':2,8 ''note'':9 ''polici'':1 ''quot'':5 ''return'':7 ''s'':6', 9);
INSERT INTO public.chunks VALUES (14, 'two', 2, 7, 20, 65, 2, '[]', '[0,0.1,0.33333334]', '''0'':1,5 ''e'':6 ''lamp'':4 ''quot'':7 ''s'':8 ''their'':2 ''warranti'':3', 8);
INSERT INTO public.chunks VALUES (15, 'two', 2, 8, 0, 20, 1, '["Policy","lamp\u0000 0 é ''quoted'' %s \\ \n"]', '[0.1,0.1,0.33333334]', '''0'':3 ''e'':4 ''lamp'':2,8 ''note'':9 ''polici'':1 ''quot'':5 ''return'':7 ''s'':6', 9);
INSERT INTO public.chunks VALUES (16, 'two', 2, 8, 20, 65, 2, '[]', '[0.1,0.1,0.33333334]', '''0'':5 ''1'':1 ''e'':6 ''lamp'':4 ''quot'':7 ''s'':8 ''their'':2 ''warranti'':3', 8);
INSERT INTO public.chunks VALUES (17, 'two', 2, 9, 0, 20, 1, '["Policy","lamp\u0000 0 é ''quoted'' %s \\ \n"]', '[0.2,0.1,0.33333334]', '''0'':3 ''e'':4 ''lamp'':2,8 ''note'':9 ''polici'':1 ''quot'':5 ''return'':7 ''s'':6', 9);
INSERT INTO public.chunks VALUES (18, 'two', 2, 9, 20, 65, 2, '[]', '[0.2,0.1,0.33333334]', '''0'':5 ''2'':1 ''e'':6 ''lamp'':4 ''quot'':7 ''s'':8 ''their'':2 ''warranti'':3', 8);
INSERT INTO public.chunks VALUES (19, 'two', 2, 10, 0, 20, 1, '["Policy","lamp\u0000 0 é ''quoted'' %s \\ \n"]', '[0.3,0.1,0.33333334]', '''0'':3 ''e'':4 ''lamp'':2,8 ''note'':9 ''polici'':1 ''quot'':5 ''return'':7 ''s'':6', 9);
INSERT INTO public.chunks VALUES (20, 'two', 2, 10, 20, 65, 2, '[]', '[0.3,0.1,0.33333334]', '''0'':5 ''3'':1 ''e'':6 ''lamp'':4 ''quot'':7 ''s'':8 ''their'':2 ''warranti'':3', 8);
INSERT INTO public.chunks VALUES (21, 'two', 2, 11, 0, 20, 1, '["Policy","lamp\u0000 0 é ''quoted'' %s \\ \n"]', '[0.4,0.1,0.33333334]', '''0'':3 ''e'':4 ''lamp'':2,8 ''note'':9 ''polici'':1 ''quot'':5 ''return'':7 ''s'':6', 9);
INSERT INTO public.chunks VALUES (22, 'two', 2, 11, 20, 65, 2, '[]', '[0.4,0.1,0.33333334]', '''0'':5 ''4'':1 ''e'':6 ''lamp'':4 ''quot'':7 ''s'':8 ''their'':2 ''warranti'':3', 8);
INSERT INTO public.definitions VALUES ('one', '20d90c3a64fb363c4b63741214e4f8a83f479b07dd8ecd9504b15156a2e2dce3', 'task', '{"name":"answer","description":"lamp\u0000 0 é ''quoted'' %s \\ \n"}', 1767268800000000001);
INSERT INTO public.definitions VALUES ('one', 'daa4aa0c77450e901c94afbb05c0d037e28d85939e22e972e6ab32183c7a76a7', 'task', '{"name":"other","description":"one"}', 1767268800000000002);
INSERT INTO public.definitions VALUES ('two', '20d90c3a64fb363c4b63741214e4f8a83f479b07dd8ecd9504b15156a2e2dce3', 'task', '{"name":"answer","description":"lamp\u0000 0 é ''quoted'' %s \\ \n"}', 1767268800000000005);
INSERT INTO public.definitions VALUES ('two', '826c47e2730204b91ab93504b815866b744acd61eb609f55097dc4f34f05456b', 'task', '{"name":"other","description":"two"}', 1767268800000000006);
INSERT INTO public.documents VALUES (1, 'one', 1, 'note 0', 'h0', 'efc2f84dfbe86b447b93e705872673420dfe16d978ac5ae14cae687c64ac5f13');
INSERT INTO public.documents VALUES (2, 'one', 1, 'note 1', 'h1', '13bc044978c8337ecafd4a213735ddb04c1cfef9cf506ac6115fb20d95f34ec3');
INSERT INTO public.documents VALUES (3, 'one', 1, 'note 2', 'h2', 'f1a824ae131d25b12f6da5b2743fd5839601b98735a498a4b5dbec0e2e21208b');
INSERT INTO public.documents VALUES (4, 'one', 1, 'note 3', 'h3', 'c4a837b59b01cc583c893f411c9d3dd734dfb97b055b11c81fc0ee918381302b');
INSERT INTO public.documents VALUES (5, 'one', 1, 'note 4', 'h4', 'e45ffc25b2cd88c7d02d5a1b002825b6af63a13b996c42b0d37586ad22f1c723');
INSERT INTO public.documents VALUES (7, 'two', 2, 'note 0', 'h0', 'efc2f84dfbe86b447b93e705872673420dfe16d978ac5ae14cae687c64ac5f13');
INSERT INTO public.documents VALUES (8, 'two', 2, 'note 1', 'h1', '13bc044978c8337ecafd4a213735ddb04c1cfef9cf506ac6115fb20d95f34ec3');
INSERT INTO public.documents VALUES (9, 'two', 2, 'note 2', 'h2', 'f1a824ae131d25b12f6da5b2743fd5839601b98735a498a4b5dbec0e2e21208b');
INSERT INTO public.documents VALUES (10, 'two', 2, 'note 3', 'h3', 'c4a837b59b01cc583c893f411c9d3dd734dfb97b055b11c81fc0ee918381302b');
INSERT INTO public.documents VALUES (11, 'two', 2, 'note 4', 'h4', 'e45ffc25b2cd88c7d02d5a1b002825b6af63a13b996c42b0d37586ad22f1c723');
INSERT INTO public.edges VALUES ('one', 'daa4aa0c77450e901c94afbb05c0d037e28d85939e22e972e6ab32183c7a76a7', '20d90c3a64fb363c4b63741214e4f8a83f479b07dd8ecd9504b15156a2e2dce3');
INSERT INTO public.edges VALUES ('two', '826c47e2730204b91ab93504b815866b744acd61eb609f55097dc4f34f05456b', '20d90c3a64fb363c4b63741214e4f8a83f479b07dd8ecd9504b15156a2e2dce3');
INSERT INTO public.events VALUES (1, 'one', '00000000000000000000000000000001', 'erasure', 'ec89f8dd0cafed72c450372a7e7457af12cfdd1031a018d1c6f9d872a45d4eee', 1767268800000000000, '{"id":"00000000000000000000000000000001","at":1767268800000000000,"payload":"ec89f8dd0cafed72c450372a7e7457af12cfdd1031a018d1c6f9d872a45d4eee","actor":"me","reason":"asked for"}');
INSERT INTO public.events VALUES (2, 'two', '00000000000000000000000000000001', 'erasure', 'ec89f8dd0cafed72c450372a7e7457af12cfdd1031a018d1c6f9d872a45d4eee', 1767268800000000000, '{"id":"00000000000000000000000000000001","at":1767268800000000000,"payload":"ec89f8dd0cafed72c450372a7e7457af12cfdd1031a018d1c6f9d872a45d4eee","actor":"me","reason":"asked for"}');
INSERT INTO public.file_parts VALUES ('one', 'file-1', 0, 6, '', '\x0073686f7274');
INSERT INTO public.file_parts VALUES ('one', 'file-1', 1, 900, 'zlib', '\x789ccbcf4bcd1f45a368140d1c02003f807968');
INSERT INTO public.file_parts VALUES ('two', 'file-1', 0, 6, '', '\x0073686f7274');
INSERT INTO public.file_parts VALUES ('two', 'file-1', 1, 900, 'zlib', '\x789c2b29cf2f1945a368140d1c0200bad39588');
INSERT INTO public.files VALUES ('one', 'file-1', 'lines.jsonl', 'batch', 1, NULL);
INSERT INTO public.files VALUES ('two', 'file-1', 'lines.jsonl', 'batch', 1, NULL);
INSERT INTO public.indexes VALUES (1, 'one', 'docs', '1', 'e', 'h', 3, 4294967298);
INSERT INTO public.indexes VALUES (2, 'two', 'docs', '1', 'e', 'h', 3, 8589934594);
INSERT INTO public.keys VALUES ('aaaaaaaaaaaaaaaa', 'one', 'k', 'dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd', 1, NULL);
INSERT INTO public.payloads VALUES ('one', 'ec89f8dd0cafed72c450372a7e7457af12cfdd1031a018d1c6f9d872a45d4eee', 'text/plain', NULL, '', 12);
INSERT INTO public.payloads VALUES ('one', 'efc2f84dfbe86b447b93e705872673420dfe16d978ac5ae14cae687c64ac5f13', 'text/plain; role=document', '\x52657475726e6564206c616d70732c206e6f746520302e2054686569722077617272616e7479206c616d700020efa3bf3020c3a9202771756f74656427202573205c200a', '', 68);
INSERT INTO public.payloads VALUES ('one', '13bc044978c8337ecafd4a213735ddb04c1cfef9cf506ac6115fb20d95f34ec3', 'text/plain; role=document', '\x52657475726e6564206c616d70732c206e6f746520312e2054686569722077617272616e7479206c616d700020efa3bf3020c3a9202771756f74656427202573205c200a', '', 68);
INSERT INTO public.payloads VALUES ('one', 'f1a824ae131d25b12f6da5b2743fd5839601b98735a498a4b5dbec0e2e21208b', 'text/plain; role=document', '\x52657475726e6564206c616d70732c206e6f746520322e2054686569722077617272616e7479206c616d700020efa3bf3020c3a9202771756f74656427202573205c200a', '', 68);
INSERT INTO public.payloads VALUES ('one', 'c4a837b59b01cc583c893f411c9d3dd734dfb97b055b11c81fc0ee918381302b', 'text/plain; role=document', '\x52657475726e6564206c616d70732c206e6f746520332e2054686569722077617272616e7479206c616d700020efa3bf3020c3a9202771756f74656427202573205c200a', '', 68);
INSERT INTO public.payloads VALUES ('one', 'e45ffc25b2cd88c7d02d5a1b002825b6af63a13b996c42b0d37586ad22f1c723', 'text/plain; role=document', '\x52657475726e6564206c616d70732c206e6f746520342e2054686569722077617272616e7479206c616d700020efa3bf3020c3a9202771756f74656427202573205c200a', '', 68);
INSERT INTO public.payloads VALUES ('two', 'ec89f8dd0cafed72c450372a7e7457af12cfdd1031a018d1c6f9d872a45d4eee', 'text/plain', NULL, '', 12);
INSERT INTO public.payloads VALUES ('two', 'efc2f84dfbe86b447b93e705872673420dfe16d978ac5ae14cae687c64ac5f13', 'text/plain; role=document', '\x52657475726e6564206c616d70732c206e6f746520302e2054686569722077617272616e7479206c616d700020efa3bf3020c3a9202771756f74656427202573205c200a', '', 68);
INSERT INTO public.payloads VALUES ('two', '13bc044978c8337ecafd4a213735ddb04c1cfef9cf506ac6115fb20d95f34ec3', 'text/plain; role=document', '\x52657475726e6564206c616d70732c206e6f746520312e2054686569722077617272616e7479206c616d700020efa3bf3020c3a9202771756f74656427202573205c200a', '', 68);
INSERT INTO public.payloads VALUES ('two', 'f1a824ae131d25b12f6da5b2743fd5839601b98735a498a4b5dbec0e2e21208b', 'text/plain; role=document', '\x52657475726e6564206c616d70732c206e6f746520322e2054686569722077617272616e7479206c616d700020efa3bf3020c3a9202771756f74656427202573205c200a', '', 68);
INSERT INTO public.payloads VALUES ('two', 'c4a837b59b01cc583c893f411c9d3dd734dfb97b055b11c81fc0ee918381302b', 'text/plain; role=document', '\x52657475726e6564206c616d70732c206e6f746520332e2054686569722077617272616e7479206c616d700020efa3bf3020c3a9202771756f74656427202573205c200a', '', 68);
INSERT INTO public.payloads VALUES ('two', 'e45ffc25b2cd88c7d02d5a1b002825b6af63a13b996c42b0d37586ad22f1c723', 'text/plain; role=document', '\x52657475726e6564206c616d70732c206e6f746520342e2054686569722077617272616e7479206c616d700020efa3bf3020c3a9202771756f74656427202573205c200a', '', 68);
INSERT INTO public.projects VALUES ('one', '\x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f', 1767268800000000000);
INSERT INTO public.projects VALUES ('two', '\x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f', 1767268800000000004);
INSERT INTO public.rollups VALUES ('one', 490908, 448101288073291779, 0, 1, 0, 7, 0, 1099511627776, 0, '\x92cd040d01', '\x925101');
INSERT INTO public.rollups VALUES ('one', 490908, 524361912035534265, 0, 1, 0, 0, 0, 0, 0, '\x920001', '\x90');
INSERT INTO public.rollups VALUES ('one', 490908, 3213823110790772758, 0, 1, 0, 0, 0, 0, 0, '\x924601', '\x90');
INSERT INTO public.rollups VALUES ('one', 490909, 448101288073291779, 0, 1, 1, 7, 1, 1099511627777, 0, '\x92cd040d01', '\x925101');
INSERT INTO public.rollups VALUES ('one', 490909, 524361912035534265, 0, 1, 0, 0, 0, 0, 0, '\x920001', '\x90');
INSERT INTO public.rollups VALUES ('one', 490909, 3213823110790772758, 0, 1, 0, 0, 0, 0, 0, '\x924601', '\x90');
INSERT INTO public.rollups VALUES ('one', 490910, 448101288073291779, 0, 1, 0, 7, 2, 1099511627778, 0, '\x92cd040d01', '\x925101');
INSERT INTO public.rollups VALUES ('one', 490910, 524361912035534265, 0, 1, 0, 0, 0, 0, 0, '\x920001', '\x90');
INSERT INTO public.rollups VALUES ('one', 490910, 3213823110790772758, 0, 1, 0, 0, 0, 0, 0, '\x924601', '\x90');
INSERT INTO public.rollups VALUES ('one', 490911, 448101288073291779, 0, 1, 0, 7, 3, 1099511627779, 0, '\x92cd040d01', '\x925101');
INSERT INTO public.rollups VALUES ('one', 490911, 524361912035534265, 0, 1, 0, 0, 0, 0, 0, '\x920001', '\x90');
INSERT INTO public.rollups VALUES ('one', 490911, 3213823110790772758, 0, 1, 0, 0, 0, 0, 0, '\x924601', '\x90');
INSERT INTO public.rollups VALUES ('two', 490908, 448101288073291779, 0, 1, 0, 7, 0, 1099511627776, 0, '\x92cd040d01', '\x925101');
INSERT INTO public.rollups VALUES ('two', 490908, 524361912035534265, 0, 1, 0, 0, 0, 0, 0, '\x920001', '\x90');
INSERT INTO public.rollups VALUES ('two', 490908, 3213823110790772758, 0, 1, 0, 0, 0, 0, 0, '\x924601', '\x90');
INSERT INTO public.rollups VALUES ('two', 490909, 448101288073291779, 0, 1, 1, 7, 1, 1099511627777, 0, '\x92cd040d01', '\x925101');
INSERT INTO public.rollups VALUES ('two', 490909, 524361912035534265, 0, 1, 0, 0, 0, 0, 0, '\x920001', '\x90');
INSERT INTO public.rollups VALUES ('two', 490909, 3213823110790772758, 0, 1, 0, 0, 0, 0, 0, '\x924601', '\x90');
INSERT INTO public.rollups VALUES ('two', 490910, 448101288073291779, 0, 1, 0, 7, 2, 1099511627778, 0, '\x92cd040d01', '\x925101');
INSERT INTO public.rollups VALUES ('two', 490910, 524361912035534265, 0, 1, 0, 0, 0, 0, 0, '\x920001', '\x90');
INSERT INTO public.rollups VALUES ('two', 490910, 3213823110790772758, 0, 1, 0, 0, 0, 0, 0, '\x924601', '\x90');
INSERT INTO public.rollups VALUES ('two', 490911, 448101288073291779, 0, 1, 0, 7, 3, 1099511627779, 0, '\x92cd040d01', '\x925101');
INSERT INTO public.rollups VALUES ('two', 490911, 524361912035534265, 0, 1, 0, 0, 0, 0, 0, '\x920001', '\x90');
INSERT INTO public.rollups VALUES ('two', 490911, 3213823110790772758, 0, 1, 0, 0, 0, 0, 0, '\x924601', '\x90');
INSERT INTO public.series VALUES ('one', 448101288073291779, 'chat', 'openai/gpt-5-mini', 'answer', 'rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr', 'eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee', '');
INSERT INTO public.series VALUES ('one', 524361912035534265, 'chat', '', '', '', '', '');
INSERT INTO public.series VALUES ('one', 3213823110790772758, 'retrieval', '', '', '', '', '');
INSERT INTO public.series VALUES ('two', 448101288073291779, 'chat', 'openai/gpt-5-mini', 'answer', 'rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr', 'eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee', '');
INSERT INTO public.series VALUES ('two', 524361912035534265, 'chat', '', '', '', '', '');
INSERT INTO public.series VALUES ('two', 3213823110790772758, 'retrieval', '', '', '', '', '');
INSERT INTO public.span_backlog VALUES ('one', '\x00000000000000000000000000000001', '\x0000000000000001', 1767268800000000000);
INSERT INTO public.span_backlog VALUES ('one', '\x00000000000000000000000000000001', '\xbbbbbbbbbbbbbbbb', 1767268800000000004);
INSERT INTO public.span_backlog VALUES ('one', '\x00000000000000000000000000000001', '\xcccccccccccccccc', 1767268800000000005);
INSERT INTO public.span_backlog VALUES ('one', '\x00000000000000000000000000000002', '\x0000000000000002', 1767272400000000000);
INSERT INTO public.span_backlog VALUES ('one', '\x00000000000000000000000000000002', '\xbbbbbbbbbbbbbbbb', 1767272400000000004);
INSERT INTO public.span_backlog VALUES ('one', '\x00000000000000000000000000000002', '\xcccccccccccccccc', 1767272400000000005);
INSERT INTO public.span_backlog VALUES ('one', '\x00000000000000000000000000000003', '\x0000000000000003', 1767276000000000000);
INSERT INTO public.span_backlog VALUES ('one', '\x00000000000000000000000000000003', '\xbbbbbbbbbbbbbbbb', 1767276000000000004);
INSERT INTO public.span_backlog VALUES ('one', '\x00000000000000000000000000000003', '\xcccccccccccccccc', 1767276000000000005);
INSERT INTO public.span_backlog VALUES ('one', '\x00000000000000000000000000000004', '\x0000000000000004', 1767279600000000000);
INSERT INTO public.span_backlog VALUES ('one', '\x00000000000000000000000000000004', '\xbbbbbbbbbbbbbbbb', 1767279600000000004);
INSERT INTO public.span_backlog VALUES ('one', '\x00000000000000000000000000000004', '\xcccccccccccccccc', 1767279600000000005);
INSERT INTO public.span_backlog VALUES ('two', '\x00000000000000000000000000000001', '\x0000000000000001', 1767268800000000000);
INSERT INTO public.span_backlog VALUES ('two', '\x00000000000000000000000000000001', '\xbbbbbbbbbbbbbbbb', 1767268800000000004);
INSERT INTO public.span_backlog VALUES ('two', '\x00000000000000000000000000000001', '\xcccccccccccccccc', 1767268800000000005);
INSERT INTO public.span_backlog VALUES ('two', '\x00000000000000000000000000000002', '\x0000000000000002', 1767272400000000000);
INSERT INTO public.span_backlog VALUES ('two', '\x00000000000000000000000000000002', '\xbbbbbbbbbbbbbbbb', 1767272400000000004);
INSERT INTO public.span_backlog VALUES ('two', '\x00000000000000000000000000000002', '\xcccccccccccccccc', 1767272400000000005);
INSERT INTO public.span_backlog VALUES ('two', '\x00000000000000000000000000000003', '\x0000000000000003', 1767276000000000000);
INSERT INTO public.span_backlog VALUES ('two', '\x00000000000000000000000000000003', '\xbbbbbbbbbbbbbbbb', 1767276000000000004);
INSERT INTO public.span_backlog VALUES ('two', '\x00000000000000000000000000000003', '\xcccccccccccccccc', 1767276000000000005);
INSERT INTO public.span_backlog VALUES ('two', '\x00000000000000000000000000000004', '\x0000000000000004', 1767279600000000000);
INSERT INTO public.span_backlog VALUES ('two', '\x00000000000000000000000000000004', '\xbbbbbbbbbbbbbbbb', 1767279600000000004);
INSERT INTO public.span_backlog VALUES ('two', '\x00000000000000000000000000000004', '\xcccccccccccccccc', 1767279600000000005);
INSERT INTO public.spans_20260101 VALUES ('one', '\x00000000000000000000000000000001', '\x0000000000000001', NULL, 'one lamp 0 é ''quoted'' %s \ 
', 1767268800000000000, 1000000000, 448101288073291779, NULL, 'user-1', 7, 0, 1099511627776, 0, '\x28b52ffd60ce043d0500e4089da6686561646572a0a0a131cb3fb9999a0581ac696e7075745f746f6b656e730781a463616c6c0982a36f6464bd6c616d700020efa3bf3020c3a9202771756f74656427202573205c200aa66e756d62657282aa6d656469615f74797065aa746578742f706c61696ea4626f6479c505286f6e6520303120b06170706c69636174696f6e2f6a736fc4027b7da0c00700a0cac32a951c8c53e00f687c63e2e28526a8610130');
INSERT INTO public.spans_20260101 VALUES ('one', '\x00000000000000000000000000000001', '\xbbbbbbbbbbbbbbbb', '\x0000000000000001', 'long', 1767268800000000004, 1, 524361912035534265, NULL, '', NULL, NULL, NULL, 0, '\x28b52ffd60370635040054079da672616e646f6da0a0a0cb3ff000c0c0808082aa6d656469615f74797065aa746578742f706c61696ea4626f6479c506ac0020efa3bf3020c3a9202771756f74656427202573205c200a6f6e65206c616d70c400a09294cd4fe6c4140040568a69af2aabb7502af7447610c23f3d0fa5cd2000c00400e654dcd9cc00812851df14401d');
INSERT INTO public.spans_20260101 VALUES ('one', '\x00000000000000000000000000000001', '\xcccccccccccccccc', '\x0000000000000001', 'retrieve', 1767268800000000005, 4, 3213823110790772758, NULL, '', NULL, NULL, NULL, 0, '\x9da672616e646f6dc0a0a0cb3ff0000000000000c0c08080c0c0a0c0');
INSERT INTO public.spans_20260101 VALUES ('one', '\x00000000000000000000000000000002', '\x0000000000000002', NULL, 'one lamp 0 é ''quoted'' %s \ 
', 1767272400000000000, 1000000000, 448101288073291779, 'upstream_error', 'user-1', 7, 1, 1099511627777, 0, '\x28b52ffd60dd047d050034099da6686561646572a0a0a131cb3fb9999a0582ac696e7075745f746f6b656e7307ad6f75740181a463616c6c0982a36f6464bd6c616d700020efa3bf3020c3a9202771756f74656427202573205c200aa66e756d62657282aa6d656469615f74797065aa746578742f706c61696ea4626f6479c505286f6e6520303220b06170706c69636174696f6e2f6a736fc4027b7da0c00800a0cac32a951c8c53e00f687c63e2e20917342c73190b2c01');
INSERT INTO public.spans_20260101 VALUES ('one', '\x00000000000000000000000000000002', '\xbbbbbbbbbbbbbbbb', '\x0000000000000002', 'long', 1767272400000000004, 1, 524361912035534265, NULL, '', NULL, NULL, NULL, 0, '\x28b52ffd60b812d5040054089da672616e646f6da0a0a0cb3ff000c0c0808082aa6d656469615f74797065aa746578742f706c61696ea4626f6479c506ac0020efa3bf3020c3a9202771756f74656427202573205c200a6f6e65206c616d700c80626567696e73206f7468657277697365a09294cd4fe6c4140040568a69af2aabb7502af7447610c23f3d0fa5cd2000c00500e4549c36cef4c3d97c1b812851ff14401d');
INSERT INTO public.spans_20260101 VALUES ('one', '\x00000000000000000000000000000002', '\xcccccccccccccccc', '\x0000000000000002', 'retrieve', 1767272400000000005, 4, 3213823110790772758, NULL, '', NULL, NULL, NULL, 0, '\x9da672616e646f6dc0a0a0cb3ff0000000000000c0c08080c0c0a0c0');
INSERT INTO public.spans_20260101 VALUES ('one', '\x00000000000000000000000000000003', '\x0000000000000003', NULL, 'one lamp 0 é ''quoted'' %s \ 
', 1767276000000000000, 1000000000, 448101288073291779, NULL, 'user-1', 7, 2, 1099511627778, 0, '\x28b52ffd60dd047d050034099da6686561646572a0a0a131cb3fb9999a0582ac696e7075745f746f6b656e7307ad6f75740281a463616c6c0982a36f6464bd6c616d700020efa3bf3020c3a9202771756f74656427202573205c200aa66e756d62657282aa6d656469615f74797065aa746578742f706c61696ea4626f6479c505286f6e6520303320b06170706c69636174696f6e2f6a736fc4027b7da0c00800a0cac32a951c8c53e00f687c63e2e20917342c73190b2c01');
INSERT INTO public.spans_20260101 VALUES ('one', '\x00000000000000000000000000000003', '\xbbbbbbbbbbbbbbbb', '\x0000000000000003', 'long', 1767276000000000004, 1, 524361912035534265, NULL, '', NULL, NULL, NULL, 0, '\x28b52ffd60381fd5040054089da672616e646f6da0a0a0cb3ff000c0c0808082aa6d656469615f74797065aa746578742f706c61696ea4626f6479c506ac0020efa3bf3020c3a9202771756f74656427202573205c200a6f6e65206c616d701900626567696e73206f7468657277697365a09294cd4fe6c4140040568a69af2aabb7502af7447610c23f3d0fa5cd2000c00500e4549c769cd987b3f9360251a2fe29803a');
INSERT INTO public.spans_20260101 VALUES ('one', '\x00000000000000000000000000000003', '\xcccccccccccccccc', '\x0000000000000003', 'retrieve', 1767276000000000005, 4, 3213823110790772758, NULL, '', NULL, NULL, NULL, 0, '\x9da672616e646f6dc0a0a0cb3ff0000000000000c0c08080c0c0a0c0');
INSERT INTO public.spans_20260101 VALUES ('one', '\x00000000000000000000000000000004', '\x0000000000000004', NULL, 'one lamp 0 é ''quoted'' %s \ 
', 1767279600000000000, 1000000000, 448101288073291779, NULL, 'user-1', 7, 3, 1099511627779, 0, '\x28b52ffd60dd047d050034099da6686561646572a0a0a131cb3fb9999a0582ac696e7075745f746f6b656e7307ad6f75740381a463616c6c0982a36f6464bd6c616d700020efa3bf3020c3a9202771756f74656427202573205c200aa66e756d62657282aa6d656469615f74797065aa746578742f706c61696ea4626f6479c505286f6e6520303420b06170706c69636174696f6e2f6a736fc4027b7da0c00800a0cac32a951c8c53e00f687c63e2e20917342c73190b2c01');
INSERT INTO public.spans_20260101 VALUES ('one', '\x00000000000000000000000000000004', '\xbbbbbbbbbbbbbbbb', '\x0000000000000004', 'long', 1767279600000000004, 1, 524361912035534265, NULL, '', NULL, NULL, NULL, 0, '\x28b52ffd60ea0bad0500b4099da672616e646f6da0a0a0cb3ff000c0c0808082aa6d656469615f74797065aa746578742f706c61696ea4626f6479c506ac0020efa3bf3020c3a9202771756f74656427202573205c200a6f6e65206c616d700580626567696e73206f7468657277697365a09294cd4fe6c4140040568a69af2aabb7502af7447610c23f3d0fa5cd200020403301f1649c066e9acf49a3604b6e62123861cd20000700722a66d530c8a9386dcdfcc3d97c1b812851ff14401d');
INSERT INTO public.spans_20260101 VALUES ('one', '\x00000000000000000000000000000004', '\xcccccccccccccccc', '\x0000000000000004', 'retrieve', 1767279600000000005, 4, 3213823110790772758, NULL, '', NULL, NULL, NULL, 0, '\x9da672616e646f6dc0a0a0cb3ff0000000000000c0c08080c0c0a0c0');
INSERT INTO public.spans_20260101 VALUES ('two', '\x00000000000000000000000000000001', '\x0000000000000001', NULL, 'two lamp 0 é ''quoted'' %s \ 
', 1767268800000000000, 1000000000, 448101288073291779, NULL, 'user-1', 7, 0, 1099511627776, 0, '\x28b52ffd60ce043d0500e4089da6686561646572a0a0a131cb3fb9999a0581ac696e7075745f746f6b656e730781a463616c6c0982a36f6464bd6c616d700020efa3bf3020c3a9202771756f74656427202573205c200aa66e756d62657282aa6d656469615f74797065aa746578742f706c61696ea4626f6479c5052874776f20303120b06170706c69636174696f6e2f6a736fc4027b7da0c00700a0cac32a951c8c53e00f687c63e2e28526a8610130');
INSERT INTO public.spans_20260101 VALUES ('two', '\x00000000000000000000000000000001', '\xbbbbbbbbbbbbbbbb', '\x0000000000000001', 'long', 1767268800000000004, 1, 524361912035534265, NULL, '', NULL, NULL, NULL, 0, '\x28b52ffd60370635040054079da672616e646f6da0a0a0cb3ff000c0c0808082aa6d656469615f74797065aa746578742f706c61696ea4626f6479c506ac0020efa3bf3020c3a9202771756f74656427202573205c200a74776f206c616d70c400a09294cd4fe6c41464eb9dc166566f72f8b9c7d5f878ca7cb1e26936cd2000c00400e654dcd9cc00812851df14401d');
INSERT INTO public.spans_20260101 VALUES ('two', '\x00000000000000000000000000000001', '\xcccccccccccccccc', '\x0000000000000001', 'retrieve', 1767268800000000005, 4, 3213823110790772758, NULL, '', NULL, NULL, NULL, 0, '\x9da672616e646f6dc0a0a0cb3ff0000000000000c0c08080c0c0a0c0');
INSERT INTO public.spans_20260101 VALUES ('two', '\x00000000000000000000000000000002', '\x0000000000000002', NULL, 'two lamp 0 é ''quoted'' %s \ 
', 1767272400000000000, 1000000000, 448101288073291779, 'upstream_error', 'user-1', 7, 1, 1099511627777, 0, '\x28b52ffd60dd047d050034099da6686561646572a0a0a131cb3fb9999a0582ac696e7075745f746f6b656e7307ad6f75740181a463616c6c0982a36f6464bd6c616d700020efa3bf3020c3a9202771756f74656427202573205c200aa66e756d62657282aa6d656469615f74797065aa746578742f706c61696ea4626f6479c5052874776f20303220b06170706c69636174696f6e2f6a736fc4027b7da0c00800a0cac32a951c8c53e00f687c63e2e20917342c73190b2c01');
INSERT INTO public.spans_20260101 VALUES ('two', '\x00000000000000000000000000000002', '\xbbbbbbbbbbbbbbbb', '\x0000000000000002', 'long', 1767272400000000004, 1, 524361912035534265, NULL, '', NULL, NULL, NULL, 0, '\x28b52ffd60b812d5040054089da672616e646f6da0a0a0cb3ff000c0c0808082aa6d656469615f74797065aa746578742f706c61696ea4626f6479c506ac0020efa3bf3020c3a9202771756f74656427202573205c200a74776f206c616d700c80626567696e73206f7468657277697365a09294cd4fe6c41464eb9dc166566f72f8b9c7d5f878ca7cb1e26936cd2000c00500e4549c36cef4c3d97c1b812851ff14401d');
INSERT INTO public.spans_20260101 VALUES ('two', '\x00000000000000000000000000000002', '\xcccccccccccccccc', '\x0000000000000002', 'retrieve', 1767272400000000005, 4, 3213823110790772758, NULL, '', NULL, NULL, NULL, 0, '\x9da672616e646f6dc0a0a0cb3ff0000000000000c0c08080c0c0a0c0');
INSERT INTO public.spans_20260101 VALUES ('two', '\x00000000000000000000000000000003', '\x0000000000000003', NULL, 'two lamp 0 é ''quoted'' %s \ 
', 1767276000000000000, 1000000000, 448101288073291779, NULL, 'user-1', 7, 2, 1099511627778, 0, '\x28b52ffd60dd047d050034099da6686561646572a0a0a131cb3fb9999a0582ac696e7075745f746f6b656e7307ad6f75740281a463616c6c0982a36f6464bd6c616d700020efa3bf3020c3a9202771756f74656427202573205c200aa66e756d62657282aa6d656469615f74797065aa746578742f706c61696ea4626f6479c5052874776f20303320b06170706c69636174696f6e2f6a736fc4027b7da0c00800a0cac32a951c8c53e00f687c63e2e20917342c73190b2c01');
INSERT INTO public.spans_20260101 VALUES ('two', '\x00000000000000000000000000000003', '\xbbbbbbbbbbbbbbbb', '\x0000000000000003', 'long', 1767276000000000004, 1, 524361912035534265, NULL, '', NULL, NULL, NULL, 0, '\x28b52ffd60381fd5040054089da672616e646f6da0a0a0cb3ff000c0c0808082aa6d656469615f74797065aa746578742f706c61696ea4626f6479c506ac0020efa3bf3020c3a9202771756f74656427202573205c200a74776f206c616d701900626567696e73206f7468657277697365a09294cd4fe6c41464eb9dc166566f72f8b9c7d5f878ca7cb1e26936cd2000c00500e4549c769cd987b3f9360251a2fe29803a');
INSERT INTO public.spans_20260101 VALUES ('two', '\x00000000000000000000000000000003', '\xcccccccccccccccc', '\x0000000000000003', 'retrieve', 1767276000000000005, 4, 3213823110790772758, NULL, '', NULL, NULL, NULL, 0, '\x9da672616e646f6dc0a0a0cb3ff0000000000000c0c08080c0c0a0c0');
INSERT INTO public.spans_20260101 VALUES ('two', '\x00000000000000000000000000000004', '\x0000000000000004', NULL, 'two lamp 0 é ''quoted'' %s \ 
', 1767279600000000000, 1000000000, 448101288073291779, NULL, 'user-1', 7, 3, 1099511627779, 0, '\x28b52ffd60dd047d050034099da6686561646572a0a0a131cb3fb9999a0582ac696e7075745f746f6b656e7307ad6f75740381a463616c6c0982a36f6464bd6c616d700020efa3bf3020c3a9202771756f74656427202573205c200aa66e756d62657282aa6d656469615f74797065aa746578742f706c61696ea4626f6479c5052874776f20303420b06170706c69636174696f6e2f6a736fc4027b7da0c00800a0cac32a951c8c53e00f687c63e2e20917342c73190b2c01');
INSERT INTO public.spans_20260101 VALUES ('two', '\x00000000000000000000000000000004', '\xbbbbbbbbbbbbbbbb', '\x0000000000000004', 'long', 1767279600000000004, 1, 524361912035534265, NULL, '', NULL, NULL, NULL, 0, '\x28b52ffd60ea0bad0500b4099da672616e646f6da0a0a0cb3ff000c0c0808082aa6d656469615f74797065aa746578742f706c61696ea4626f6479c506ac0020efa3bf3020c3a9202771756f74656427202573205c200a74776f206c616d700580626567696e73206f7468657277697365a09294cd4fe6c41464eb9dc166566f72f8b9c7d5f878ca7cb1e26936cd200020403301f1649c066e9acf49a3604b6e62123861cd20000700722a66d530c8a9386dcdfcc3d97c1b812851ff14401d');
INSERT INTO public.spans_20260101 VALUES ('two', '\x00000000000000000000000000000004', '\xcccccccccccccccc', '\x0000000000000004', 'retrieve', 1767279600000000005, 4, 3213823110790772758, NULL, '', NULL, NULL, NULL, 0, '\x9da672616e646f6dc0a0a0cb3ff0000000000000c0c08080c0c0a0c0');
INSERT INTO public.spending VALUES ('one', 20454, 'unit', 'user-1', 0, 4, 1, 28, 6, 4398046511110, 0);
INSERT INTO public.spending VALUES ('two', 20454, 'unit', 'user-1', 0, 4, 1, 28, 6, 4398046511110, 0);
SELECT pg_catalog.setval('public.chunks_id_seq', 24, true);
SELECT pg_catalog.setval('public.documents_id_seq', 12, true);
SELECT pg_catalog.setval('public.events_sequence_seq', 2, true);
SELECT pg_catalog.setval('public.indexes_id_seq', 2, true);
ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.block_uses
    ADD CONSTRAINT block_uses_pkey PRIMARY KEY (project, start, hash, trace_id, span_id);
ALTER TABLE ONLY public.block_uses_20260101
    ADD CONSTRAINT block_uses_20260101_pkey PRIMARY KEY (project, start, hash, trace_id, span_id);
ALTER TABLE ONLY public.block_uses_default
    ADD CONSTRAINT block_uses_default_pkey PRIMARY KEY (project, start, hash, trace_id, span_id);
ALTER TABLE ONLY public.blocks
    ADD CONSTRAINT blocks_pkey PRIMARY KEY (project, start, hash);
ALTER TABLE ONLY public.blocks_20260101
    ADD CONSTRAINT blocks_20260101_pkey PRIMARY KEY (project, start, hash);
ALTER TABLE ONLY public.blocks_default
    ADD CONSTRAINT blocks_default_pkey PRIMARY KEY (project, start, hash);
ALTER TABLE ONLY public.chunks
    ADD CONSTRAINT chunks_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.definitions
    ADD CONSTRAINT definitions_pkey PRIMARY KEY (project, hash);
ALTER TABLE ONLY public.dictionaries
    ADD CONSTRAINT dictionaries_pkey PRIMARY KEY (project, id);
ALTER TABLE ONLY public.documents
    ADD CONSTRAINT documents_by_name UNIQUE (project, index_id, name);
ALTER TABLE ONLY public.documents
    ADD CONSTRAINT documents_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.edges
    ADD CONSTRAINT edges_pkey PRIMARY KEY (project, child, parent);
ALTER TABLE ONLY public.events
    ADD CONSTRAINT events_by_id UNIQUE (project, id);
ALTER TABLE ONLY public.events
    ADD CONSTRAINT events_pkey PRIMARY KEY (sequence);
ALTER TABLE ONLY public.expectations
    ADD CONSTRAINT expectations_pkey PRIMARY KEY (project, kind);
ALTER TABLE ONLY public.file_parts
    ADD CONSTRAINT file_parts_pkey PRIMARY KEY (project, file, number);
ALTER TABLE ONLY public.files
    ADD CONSTRAINT files_pkey PRIMARY KEY (project, id);
ALTER TABLE ONLY public.indexes
    ADD CONSTRAINT indexes_by_name UNIQUE (project, name);
ALTER TABLE ONLY public.indexes
    ADD CONSTRAINT indexes_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.jobs
    ADD CONSTRAINT jobs_pkey PRIMARY KEY (project, id);
ALTER TABLE ONLY public.keys
    ADD CONSTRAINT keys_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.payloads
    ADD CONSTRAINT payloads_pkey PRIMARY KEY (project, id);
ALTER TABLE ONLY public.projects
    ADD CONSTRAINT projects_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.queues
    ADD CONSTRAINT queues_pkey PRIMARY KEY (project, name);
ALTER TABLE ONLY public.rollups
    ADD CONSTRAINT rollups_pkey PRIMARY KEY (project, hour, series, shard);
ALTER TABLE ONLY public.schedules
    ADD CONSTRAINT schedules_pkey PRIMARY KEY (project, name);
ALTER TABLE ONLY public.series
    ADD CONSTRAINT series_pkey PRIMARY KEY (project, id);
ALTER TABLE ONLY public.spans
    ADD CONSTRAINT spans_by_id UNIQUE (project, trace_id, span_id, start);
ALTER TABLE ONLY public.spans_20260101
    ADD CONSTRAINT spans_20260101_project_trace_id_span_id_start_key UNIQUE (project, trace_id, span_id, start);
ALTER TABLE ONLY public.spans_default
    ADD CONSTRAINT spans_default_project_trace_id_span_id_start_key UNIQUE (project, trace_id, span_id, start);
ALTER TABLE ONLY public.spending
    ADD CONSTRAINT spending_pkey PRIMARY KEY (project, day, kind, name, shard);
CREATE INDEX blocks_by_parent ON ONLY public.blocks USING btree (project, start, parent) WHERE (parent IS NOT NULL);
CREATE INDEX blocks_20260101_project_start_parent_idx ON public.blocks_20260101 USING btree (project, start, parent) WHERE (parent IS NOT NULL);
CREATE INDEX blocks_default_project_start_parent_idx ON public.blocks_default USING btree (project, start, parent) WHERE (parent IS NOT NULL);
CREATE INDEX chunks_by_document ON public.chunks USING btree (project, document_id);
CREATE INDEX chunks_by_index ON public.chunks USING btree (project, index_id);
CREATE INDEX chunks_by_word ON public.chunks USING gin (words);
CREATE INDEX definitions_by_kind ON public.definitions USING btree (project, kind, created);
CREATE INDEX documents_by_payload ON public.documents USING btree (project, payload);
CREATE INDEX events_by_subject ON public.events USING btree (project, kind, subject, sequence);
CREATE UNIQUE INDEX jobs_by_key ON public.jobs USING btree (project, kind, idempotency_key) WHERE (idempotency_key IS NOT NULL);
CREATE INDEX jobs_by_urgency ON public.jobs USING btree (priority DESC, due, id) WHERE (due IS NOT NULL);
CREATE INDEX jobs_that_ended ON public.jobs USING btree (ended) WHERE (ended IS NOT NULL);
CREATE INDEX jobs_that_run ON public.jobs USING btree (project, queue, concurrency_key) WHERE (state = 'running'::text);
CREATE INDEX schedules_by_due ON public.schedules USING btree (next_due);
CREATE INDEX span_words_by_start ON ONLY public.span_words USING btree (project, start);
CREATE INDEX span_words_20260101_project_start_idx ON public.span_words_20260101 USING btree (project, start);
CREATE INDEX span_words_by_word ON ONLY public.span_words USING gin (words);
CREATE INDEX span_words_20260101_words_idx ON public.span_words_20260101 USING gin (words);
CREATE INDEX span_words_default_project_start_idx ON public.span_words_default USING btree (project, start);
CREATE INDEX span_words_default_words_idx ON public.span_words_default USING gin (words);
CREATE INDEX spans_by_series ON ONLY public.spans USING btree (project, series, start);
CREATE INDEX spans_20260101_project_series_start_idx ON public.spans_20260101 USING btree (project, series, start);
CREATE INDEX spans_by_start ON ONLY public.spans USING btree (project, start) WHERE (parent_id IS NULL);
CREATE INDEX spans_20260101_project_start_idx ON public.spans_20260101 USING btree (project, start) WHERE (parent_id IS NULL);
CREATE INDEX spans_failed ON ONLY public.spans USING btree (project, start) WHERE (error IS NOT NULL);
CREATE INDEX spans_20260101_project_start_idx1 ON public.spans_20260101 USING btree (project, start) WHERE (error IS NOT NULL);
CREATE INDEX spans_by_unit ON ONLY public.spans USING btree (project, unit, start) WHERE ((parent_id IS NULL) AND (unit <> ''::text));
CREATE INDEX spans_20260101_project_unit_start_idx ON public.spans_20260101 USING btree (project, unit, start) WHERE ((parent_id IS NULL) AND (unit <> ''::text));
CREATE INDEX spans_default_project_series_start_idx ON public.spans_default USING btree (project, series, start);
CREATE INDEX spans_default_project_start_idx ON public.spans_default USING btree (project, start) WHERE (parent_id IS NULL);
CREATE INDEX spans_default_project_start_idx1 ON public.spans_default USING btree (project, start) WHERE (error IS NOT NULL);
CREATE INDEX spans_default_project_unit_start_idx ON public.spans_default USING btree (project, unit, start) WHERE ((parent_id IS NULL) AND (unit <> ''::text));
ALTER INDEX public.block_uses_pkey ATTACH PARTITION public.block_uses_20260101_pkey;
ALTER INDEX public.block_uses_pkey ATTACH PARTITION public.block_uses_default_pkey;
ALTER INDEX public.blocks_pkey ATTACH PARTITION public.blocks_20260101_pkey;
ALTER INDEX public.blocks_by_parent ATTACH PARTITION public.blocks_20260101_project_start_parent_idx;
ALTER INDEX public.blocks_pkey ATTACH PARTITION public.blocks_default_pkey;
ALTER INDEX public.blocks_by_parent ATTACH PARTITION public.blocks_default_project_start_parent_idx;
ALTER INDEX public.span_words_by_start ATTACH PARTITION public.span_words_20260101_project_start_idx;
ALTER INDEX public.span_words_by_word ATTACH PARTITION public.span_words_20260101_words_idx;
ALTER INDEX public.span_words_by_start ATTACH PARTITION public.span_words_default_project_start_idx;
ALTER INDEX public.span_words_by_word ATTACH PARTITION public.span_words_default_words_idx;
ALTER INDEX public.spans_by_series ATTACH PARTITION public.spans_20260101_project_series_start_idx;
ALTER INDEX public.spans_by_start ATTACH PARTITION public.spans_20260101_project_start_idx;
ALTER INDEX public.spans_failed ATTACH PARTITION public.spans_20260101_project_start_idx1;
ALTER INDEX public.spans_by_id ATTACH PARTITION public.spans_20260101_project_trace_id_span_id_start_key;
ALTER INDEX public.spans_by_unit ATTACH PARTITION public.spans_20260101_project_unit_start_idx;
ALTER INDEX public.spans_by_series ATTACH PARTITION public.spans_default_project_series_start_idx;
ALTER INDEX public.spans_by_start ATTACH PARTITION public.spans_default_project_start_idx;
ALTER INDEX public.spans_failed ATTACH PARTITION public.spans_default_project_start_idx1;
ALTER INDEX public.spans_by_id ATTACH PARTITION public.spans_default_project_trace_id_span_id_start_key;
ALTER INDEX public.spans_by_unit ATTACH PARTITION public.spans_default_project_unit_start_idx;
ALTER TABLE ONLY public.documents
    ADD CONSTRAINT documents_project_payload_fkey FOREIGN KEY (project, payload) REFERENCES public.payloads(project, id);
