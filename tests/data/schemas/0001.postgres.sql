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
CREATE TABLE public.spans (
    project text NOT NULL COLLATE pg_catalog."C",
    trace_id text NOT NULL COLLATE pg_catalog."C",
    span_id text NOT NULL COLLATE pg_catalog."C",
    parent_id text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL COLLATE pg_catalog."C",
    operation text NOT NULL COLLATE pg_catalog."C",
    start bigint NOT NULL,
    "end" bigint NOT NULL,
    status text NOT NULL COLLATE pg_catalog."C",
    error text NOT NULL COLLATE pg_catalog."C",
    model text NOT NULL COLLATE pg_catalog."C",
    unit text NOT NULL COLLATE pg_catalog."C",
    unit_source text NOT NULL COLLATE pg_catalog."C",
    task text NOT NULL COLLATE pg_catalog."C",
    release text NOT NULL COLLATE pg_catalog."C",
    environment text NOT NULL COLLATE pg_catalog."C",
    pointer text NOT NULL COLLATE pg_catalog."C",
    probability double precision NOT NULL,
    input_tokens bigint,
    output_tokens bigint,
    usage text COLLATE pg_catalog."C",
    cost bigint,
    price_version text NOT NULL COLLATE pg_catalog."C",
    first_token bigint,
    stages text NOT NULL COLLATE pg_catalog."C",
    attributes text NOT NULL COLLATE pg_catalog."C",
    input text COLLATE pg_catalog."C",
    output text COLLATE pg_catalog."C"
);
ALTER TABLE ONLY public.chunks ALTER COLUMN id SET DEFAULT nextval('public.chunks_id_seq'::regclass);
ALTER TABLE ONLY public.documents ALTER COLUMN id SET DEFAULT nextval('public.documents_id_seq'::regclass);
ALTER TABLE ONLY public.events ALTER COLUMN sequence SET DEFAULT nextval('public.events_sequence_seq'::regclass);
ALTER TABLE ONLY public.indexes ALTER COLUMN id SET DEFAULT nextval('public.indexes_id_seq'::regclass);
INSERT INTO public.alembic_version VALUES ('0001');
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
INSERT INTO public.definitions VALUES ('two', '20d90c3a64fb363c4b63741214e4f8a83f479b07dd8ecd9504b15156a2e2dce3', 'task', '{"name":"answer","description":"lamp\u0000 0 é ''quoted'' %s \\ \n"}', 1767268800000000004);
INSERT INTO public.definitions VALUES ('two', '826c47e2730204b91ab93504b815866b744acd61eb609f55097dc4f34f05456b', 'task', '{"name":"other","description":"two"}', 1767268800000000005);
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
INSERT INTO public.indexes VALUES (1, 'one', 'docs', '1', 'e', 'h', 3, 4294967298);
INSERT INTO public.indexes VALUES (2, 'two', 'docs', '1', 'e', 'h', 3, 8589934594);
INSERT INTO public.keys VALUES ('aaaaaaaaaaaaaaaa', 'one', 'k', 'dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd', 1, NULL);
INSERT INTO public.payloads VALUES ('one', '1396dcd42586bf40ce089dfd2593b8264efc65da26e5f23554c82e3a7724fa0c', 'application/json', '\x7b7d', '', 2);
INSERT INTO public.payloads VALUES ('one', '1a582b6affd8548f16315280041b80eb01f347e0711cb73dc3a64c4c80156808', 'text/plain', '\x789ccbcf4b5530c00f4c147212730b1814de2fde6fa07078a5827a61697e496a8aba826ab1428c0257fea809a3268c9a306ac2b036010051c162ac', 'zlib', 1320);
INSERT INTO public.payloads VALUES ('one', '582776f4ea9673c17f2cc8fdea490cb776f54be7f79510ff7ad44dc75bebd737', 'text/plain', '\x789ccbcf4b5530c00f0c157212730b1814de2fde6fa07078a5827a61697e496a8aba826ab1428c0257fea809a3268c9a306ac2b0360100b77a6270', 'zlib', 1320);
INSERT INTO public.payloads VALUES ('one', 'bc5853dc2fc41cd9765b70c4ed23bf439116f1fa968844e5e74dd02360d26618', 'text/plain', '\x789ccbcf4b5530c00f8c157212730b1814de2fde6fa07078a5827a61697e496a8aba826ab1428c0257fea809a3268c9a306ac2b03601001e596298', 'zlib', 1320);
INSERT INTO public.payloads VALUES ('one', 'e3dff51ef9ddaf769d30ad185c4bb4b01069d0e460e27ae3c0f05cff641f7922', 'text/plain', '\x789ccbcf4b5530c00f8c147212730b1814de2fde6fa07078a5827a61697e496a8aba826ab1428c0257fea809a3268c9a306ac2b0360100eae26284', 'zlib', 1320);
INSERT INTO public.payloads VALUES ('one', 'ec89f8dd0cafed72c450372a7e7457af12cfdd1031a018d1c6f9d872a45d4eee', 'text/plain', NULL, '', 12);
INSERT INTO public.payloads VALUES ('one', 'efc2f84dfbe86b447b93e705872673420dfe16d978ac5ae14cae687c64ac5f13', 'text/plain; role=document', '\x52657475726e6564206c616d70732c206e6f746520302e2054686569722077617272616e7479206c616d700020efa3bf3020c3a9202771756f74656427202573205c200a', '', 68);
INSERT INTO public.payloads VALUES ('one', '13bc044978c8337ecafd4a213735ddb04c1cfef9cf506ac6115fb20d95f34ec3', 'text/plain; role=document', '\x52657475726e6564206c616d70732c206e6f746520312e2054686569722077617272616e7479206c616d700020efa3bf3020c3a9202771756f74656427202573205c200a', '', 68);
INSERT INTO public.payloads VALUES ('one', 'f1a824ae131d25b12f6da5b2743fd5839601b98735a498a4b5dbec0e2e21208b', 'text/plain; role=document', '\x52657475726e6564206c616d70732c206e6f746520322e2054686569722077617272616e7479206c616d700020efa3bf3020c3a9202771756f74656427202573205c200a', '', 68);
INSERT INTO public.payloads VALUES ('one', 'c4a837b59b01cc583c893f411c9d3dd734dfb97b055b11c81fc0ee918381302b', 'text/plain; role=document', '\x52657475726e6564206c616d70732c206e6f746520332e2054686569722077617272616e7479206c616d700020efa3bf3020c3a9202771756f74656427202573205c200a', '', 68);
INSERT INTO public.payloads VALUES ('one', 'e45ffc25b2cd88c7d02d5a1b002825b6af63a13b996c42b0d37586ad22f1c723', 'text/plain; role=document', '\x52657475726e6564206c616d70732c206e6f746520342e2054686569722077617272616e7479206c616d700020efa3bf3020c3a9202771756f74656427202573205c200a', '', 68);
INSERT INTO public.payloads VALUES ('two', '1396dcd42586bf40ce089dfd2593b8264efc65da26e5f23554c82e3a7724fa0c', 'application/json', '\x7b7d', '', 2);
INSERT INTO public.payloads VALUES ('two', '1e653ebee955a1c89d79f33624f0a0491195032e7084420322b4a78ee92817bc', 'text/plain', '\x789c2b29cf5730c00f0c157212730b1814de2fde6fa07078a5827a61697e496a8aba826ab1428c0257c9a809a3268c9a306ac2b0360100c8e16450', 'zlib', 1320);
INSERT INTO public.payloads VALUES ('two', '1e9e507d1e6ce240d769f8deb25a80851e28100a0063bd1f70e82d86daed7cb2', 'text/plain', '\x789c2b29cf5730c00f4c147212730b1814de2fde6fa07078a5827a61697e496a8aba826ab1428c0257c9a809a3268c9a306ac2b03601006328648c', 'zlib', 1320);
INSERT INTO public.payloads VALUES ('two', '578bb9bb1fa75dee53d9de3a4271064fb64116316c47e06d17c51d37945346ed', 'text/plain', '\x789c2b29cf5730c00f8c157212730b1814de2fde6fa07078a5827a61697e496a8aba826ab1428c0257c9a809a3268c9a306ac2b03601002fc06478', 'zlib', 1320);
INSERT INTO public.payloads VALUES ('two', 'f2ec47a3b981b417969efe841469763ae91c3ffe5bd15ec164f03750e37808b4', 'text/plain', '\x789c2b29cf5730c00f8c147212730b1814de2fde6fa07078a5827a61697e496a8aba826ab1428c0257c9a809a3268c9a306ac2b0360100fc496464', 'zlib', 1320);
INSERT INTO public.payloads VALUES ('two', 'ec89f8dd0cafed72c450372a7e7457af12cfdd1031a018d1c6f9d872a45d4eee', 'text/plain', NULL, '', 12);
INSERT INTO public.payloads VALUES ('two', 'efc2f84dfbe86b447b93e705872673420dfe16d978ac5ae14cae687c64ac5f13', 'text/plain; role=document', '\x52657475726e6564206c616d70732c206e6f746520302e2054686569722077617272616e7479206c616d700020efa3bf3020c3a9202771756f74656427202573205c200a', '', 68);
INSERT INTO public.payloads VALUES ('two', '13bc044978c8337ecafd4a213735ddb04c1cfef9cf506ac6115fb20d95f34ec3', 'text/plain; role=document', '\x52657475726e6564206c616d70732c206e6f746520312e2054686569722077617272616e7479206c616d700020efa3bf3020c3a9202771756f74656427202573205c200a', '', 68);
INSERT INTO public.payloads VALUES ('two', 'f1a824ae131d25b12f6da5b2743fd5839601b98735a498a4b5dbec0e2e21208b', 'text/plain; role=document', '\x52657475726e6564206c616d70732c206e6f746520322e2054686569722077617272616e7479206c616d700020efa3bf3020c3a9202771756f74656427202573205c200a', '', 68);
INSERT INTO public.payloads VALUES ('two', 'c4a837b59b01cc583c893f411c9d3dd734dfb97b055b11c81fc0ee918381302b', 'text/plain; role=document', '\x52657475726e6564206c616d70732c206e6f746520332e2054686569722077617272616e7479206c616d700020efa3bf3020c3a9202771756f74656427202573205c200a', '', 68);
INSERT INTO public.payloads VALUES ('two', 'e45ffc25b2cd88c7d02d5a1b002825b6af63a13b996c42b0d37586ad22f1c723', 'text/plain; role=document', '\x52657475726e6564206c616d70732c206e6f746520342e2054686569722077617272616e7479206c616d700020efa3bf3020c3a9202771756f74656427202573205c200a', '', 68);
INSERT INTO public.projects VALUES ('one', '\x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f', 1767268800000000000);
INSERT INTO public.projects VALUES ('two', '\x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f', 1767268800000000003);
INSERT INTO public.spans VALUES ('one', '00000000000000000000000000000001', '0000000000000001', '', 'one lamp 0 é ''quoted'' %s \ 
', 'chat', 1767268800000000000, 1767268801000000000, 'ok', '', 'openai/gpt-5-mini', 'user-1', 'header', 'answer', 'rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr', 'eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee', '', 0.1, 7, 0, '{"input_tokens":7}', 1099511627776, '1', 5, '{"call":9}', '{"odd":"lamp\u0000 0 é ''quoted'' %s \\ \n","number":0.1}', '582776f4ea9673c17f2cc8fdea490cb776f54be7f79510ff7ad44dc75bebd737', '1396dcd42586bf40ce089dfd2593b8264efc65da26e5f23554c82e3a7724fa0c');
INSERT INTO public.spans VALUES ('one', '00000000000000000000000000000001', 'cccccccccccccccc', '0000000000000001', 'retrieve', 'retrieval', 1767268800000000005, 1767268800000000009, 'ok', '', '', '00000000000000000000000000000001', 'random', '', '', '', '', 1, NULL, NULL, NULL, NULL, '', NULL, '{}', '{}', NULL, NULL);
INSERT INTO public.spans VALUES ('one', '00000000000000000000000000000002', '0000000000000002', '', 'one lamp 0 é ''quoted'' %s \ 
', 'chat', 1767272400000000000, 1767272401000000000, 'error', 'upstream_error', 'openai/gpt-5-mini', 'user-1', 'header', 'answer', 'rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr', 'eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee', '', 0.1, 7, 1, '{"input_tokens":7,"output_tokens":1}', 1099511627777, '1', 5, '{"call":9}', '{"odd":"lamp\u0000 0 é ''quoted'' %s \\ \n","number":0.1}', 'e3dff51ef9ddaf769d30ad185c4bb4b01069d0e460e27ae3c0f05cff641f7922', '1396dcd42586bf40ce089dfd2593b8264efc65da26e5f23554c82e3a7724fa0c');
INSERT INTO public.spans VALUES ('one', '00000000000000000000000000000002', 'cccccccccccccccc', '0000000000000002', 'retrieve', 'retrieval', 1767272400000000005, 1767272400000000009, 'ok', '', '', '00000000000000000000000000000002', 'random', '', '', '', '', 1, NULL, NULL, NULL, NULL, '', NULL, '{}', '{}', NULL, NULL);
INSERT INTO public.spans VALUES ('one', '00000000000000000000000000000003', '0000000000000003', '', 'one lamp 0 é ''quoted'' %s \ 
', 'chat', 1767276000000000000, 1767276001000000000, 'ok', '', 'openai/gpt-5-mini', 'user-1', 'header', 'answer', 'rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr', 'eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee', '', 0.1, 7, 2, '{"input_tokens":7,"output_tokens":2}', 1099511627778, '1', 5, '{"call":9}', '{"odd":"lamp\u0000 0 é ''quoted'' %s \\ \n","number":0.1}', 'bc5853dc2fc41cd9765b70c4ed23bf439116f1fa968844e5e74dd02360d26618', '1396dcd42586bf40ce089dfd2593b8264efc65da26e5f23554c82e3a7724fa0c');
INSERT INTO public.spans VALUES ('one', '00000000000000000000000000000003', 'cccccccccccccccc', '0000000000000003', 'retrieve', 'retrieval', 1767276000000000005, 1767276000000000009, 'ok', '', '', '00000000000000000000000000000003', 'random', '', '', '', '', 1, NULL, NULL, NULL, NULL, '', NULL, '{}', '{}', NULL, NULL);
INSERT INTO public.spans VALUES ('one', '00000000000000000000000000000004', '0000000000000004', '', 'one lamp 0 é ''quoted'' %s \ 
', 'chat', 1767279600000000000, 1767279601000000000, 'ok', '', 'openai/gpt-5-mini', 'user-1', 'header', 'answer', 'rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr', 'eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee', '', 0.1, 7, 3, '{"input_tokens":7,"output_tokens":3}', 1099511627779, '1', 5, '{"call":9}', '{"odd":"lamp\u0000 0 é ''quoted'' %s \\ \n","number":0.1}', '1a582b6affd8548f16315280041b80eb01f347e0711cb73dc3a64c4c80156808', '1396dcd42586bf40ce089dfd2593b8264efc65da26e5f23554c82e3a7724fa0c');
INSERT INTO public.spans VALUES ('one', '00000000000000000000000000000004', 'cccccccccccccccc', '0000000000000004', 'retrieve', 'retrieval', 1767279600000000005, 1767279600000000009, 'ok', '', '', '00000000000000000000000000000004', 'random', '', '', '', '', 1, NULL, NULL, NULL, NULL, '', NULL, '{}', '{}', NULL, NULL);
INSERT INTO public.spans VALUES ('two', '00000000000000000000000000000001', '0000000000000001', '', 'two lamp 0 é ''quoted'' %s \ 
', 'chat', 1767268800000000000, 1767268801000000000, 'ok', '', 'openai/gpt-5-mini', 'user-1', 'header', 'answer', 'rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr', 'eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee', '', 0.1, 7, 0, '{"input_tokens":7}', 1099511627776, '1', 5, '{"call":9}', '{"odd":"lamp\u0000 0 é ''quoted'' %s \\ \n","number":0.1}', '1e653ebee955a1c89d79f33624f0a0491195032e7084420322b4a78ee92817bc', '1396dcd42586bf40ce089dfd2593b8264efc65da26e5f23554c82e3a7724fa0c');
INSERT INTO public.spans VALUES ('two', '00000000000000000000000000000001', 'cccccccccccccccc', '0000000000000001', 'retrieve', 'retrieval', 1767268800000000005, 1767268800000000009, 'ok', '', '', '00000000000000000000000000000001', 'random', '', '', '', '', 1, NULL, NULL, NULL, NULL, '', NULL, '{}', '{}', NULL, NULL);
INSERT INTO public.spans VALUES ('two', '00000000000000000000000000000002', '0000000000000002', '', 'two lamp 0 é ''quoted'' %s \ 
', 'chat', 1767272400000000000, 1767272401000000000, 'error', 'upstream_error', 'openai/gpt-5-mini', 'user-1', 'header', 'answer', 'rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr', 'eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee', '', 0.1, 7, 1, '{"input_tokens":7,"output_tokens":1}', 1099511627777, '1', 5, '{"call":9}', '{"odd":"lamp\u0000 0 é ''quoted'' %s \\ \n","number":0.1}', 'f2ec47a3b981b417969efe841469763ae91c3ffe5bd15ec164f03750e37808b4', '1396dcd42586bf40ce089dfd2593b8264efc65da26e5f23554c82e3a7724fa0c');
INSERT INTO public.spans VALUES ('two', '00000000000000000000000000000002', 'cccccccccccccccc', '0000000000000002', 'retrieve', 'retrieval', 1767272400000000005, 1767272400000000009, 'ok', '', '', '00000000000000000000000000000002', 'random', '', '', '', '', 1, NULL, NULL, NULL, NULL, '', NULL, '{}', '{}', NULL, NULL);
INSERT INTO public.spans VALUES ('two', '00000000000000000000000000000003', '0000000000000003', '', 'two lamp 0 é ''quoted'' %s \ 
', 'chat', 1767276000000000000, 1767276001000000000, 'ok', '', 'openai/gpt-5-mini', 'user-1', 'header', 'answer', 'rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr', 'eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee', '', 0.1, 7, 2, '{"input_tokens":7,"output_tokens":2}', 1099511627778, '1', 5, '{"call":9}', '{"odd":"lamp\u0000 0 é ''quoted'' %s \\ \n","number":0.1}', '578bb9bb1fa75dee53d9de3a4271064fb64116316c47e06d17c51d37945346ed', '1396dcd42586bf40ce089dfd2593b8264efc65da26e5f23554c82e3a7724fa0c');
INSERT INTO public.spans VALUES ('two', '00000000000000000000000000000003', 'cccccccccccccccc', '0000000000000003', 'retrieve', 'retrieval', 1767276000000000005, 1767276000000000009, 'ok', '', '', '00000000000000000000000000000003', 'random', '', '', '', '', 1, NULL, NULL, NULL, NULL, '', NULL, '{}', '{}', NULL, NULL);
INSERT INTO public.spans VALUES ('two', '00000000000000000000000000000004', '0000000000000004', '', 'two lamp 0 é ''quoted'' %s \ 
', 'chat', 1767279600000000000, 1767279601000000000, 'ok', '', 'openai/gpt-5-mini', 'user-1', 'header', 'answer', 'rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr', 'eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee', '', 0.1, 7, 3, '{"input_tokens":7,"output_tokens":3}', 1099511627779, '1', 5, '{"call":9}', '{"odd":"lamp\u0000 0 é ''quoted'' %s \\ \n","number":0.1}', '1e9e507d1e6ce240d769f8deb25a80851e28100a0063bd1f70e82d86daed7cb2', '1396dcd42586bf40ce089dfd2593b8264efc65da26e5f23554c82e3a7724fa0c');
INSERT INTO public.spans VALUES ('two', '00000000000000000000000000000004', 'cccccccccccccccc', '0000000000000004', 'retrieve', 'retrieval', 1767279600000000005, 1767279600000000009, 'ok', '', '', '00000000000000000000000000000004', 'random', '', '', '', '', 1, NULL, NULL, NULL, NULL, '', NULL, '{}', '{}', NULL, NULL);
SELECT pg_catalog.setval('public.chunks_id_seq', 24, true);
SELECT pg_catalog.setval('public.documents_id_seq', 12, true);
SELECT pg_catalog.setval('public.events_sequence_seq', 2, true);
SELECT pg_catalog.setval('public.indexes_id_seq', 2, true);
ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.chunks
    ADD CONSTRAINT chunks_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.definitions
    ADD CONSTRAINT definitions_pkey PRIMARY KEY (project, hash);
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
ALTER TABLE ONLY public.indexes
    ADD CONSTRAINT indexes_by_name UNIQUE (project, name);
ALTER TABLE ONLY public.indexes
    ADD CONSTRAINT indexes_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.keys
    ADD CONSTRAINT keys_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.payloads
    ADD CONSTRAINT payloads_pkey PRIMARY KEY (project, id);
ALTER TABLE ONLY public.projects
    ADD CONSTRAINT projects_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.spans
    ADD CONSTRAINT spans_pkey PRIMARY KEY (project, trace_id, span_id);
CREATE INDEX chunks_by_document ON public.chunks USING btree (project, document_id);
CREATE INDEX chunks_by_index ON public.chunks USING btree (project, index_id);
CREATE INDEX chunks_by_word ON public.chunks USING gin (words);
CREATE INDEX definitions_by_kind ON public.definitions USING btree (project, kind, created);
CREATE INDEX documents_by_payload ON public.documents USING btree (project, payload);
CREATE INDEX events_by_subject ON public.events USING btree (project, kind, subject, sequence);
CREATE INDEX spans_by_start ON public.spans USING btree (project, start) WHERE (parent_id = ''::text);
ALTER TABLE ONLY public.documents
    ADD CONSTRAINT documents_project_payload_fkey FOREIGN KEY (project, payload) REFERENCES public.payloads(project, id);
