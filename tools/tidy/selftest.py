"""Every rule must find its bad sample and leave the good one alone."""
import rules
from tree import Tree

M = "src/data/x/CMakeLists.txt"
LONG = "void f() {\n" + "    a();\n" * 80 + "}\n"
STATES = "src/core/runstate/states.h"
WORDS = 'inline constexpr std::array<std::string_view, 2> kStates = {\n    "failed", "success"\n};\n'
NOTICES = "src/store/notices/notices.h"
NOTICE = 'struct Gone {\n    static constexpr std::string_view kChannel = "weft_gone";\n'
SHORT = "void f() {\n" + "    a();\n" * 60 + "}\n"

# rule: (files with a finding, files without)
SAMPLES = {
    "layers": [
        ({"src/core/x/a.cc": '#include "platform/rt/loop.h"\n'}, {"src/core/x/a.cc": '#include "base/id.h"\n'}),
        ({"src/data/x/a.cc": '#include "control/api/api.h"\n'}, {"src/data/x/a.cc": '#include "data/y/y.h"\n'}),
        ({"src/base/a.h": '#include "app/weft/settings.h"\n'}, {"src/app/x/a.h": '#include "control/api/api.h"\n'}),
        ({"src/misc2/a.h": ""}, {"src/base/a.h": ""}),
    ],
    "dependencies": [
        ({"src/data/x/CMakeLists.txt": "weft_module(DEPS base)\n", "src/data/x/a.cc": '#include "store/y/y.h"\n',
          "src/store/y/CMakeLists.txt": "weft_module()\n", "src/base/CMakeLists.txt": "weft_module()\n"},
         {"src/data/x/CMakeLists.txt": "weft_module(PRIVATE store/y)\n", "src/data/x/a.cc": '#include "store/y/y.h"\n',
          "src/store/y/CMakeLists.txt": "weft_module()\n"}),
        ({"src/data/x/CMakeLists.txt": "weft_module(PRIVATE store/y)\n", "src/data/x/x.h": '#include "store/y/y.h"\n',
          "src/data/x/x.cc": '#include "data/x/x.h"\n', "src/store/y/CMakeLists.txt": "weft_module()\n"},
         {"src/data/x/CMakeLists.txt": "weft_module(DEPS store/y)\n", "src/data/x/x.h": '#include "store/y/y.h"\n',
          "src/data/x/x.cc": '#include "data/x/x.h"\n', "src/store/y/CMakeLists.txt": "weft_module()\n"}),
        ({"src/data/x/CMakeLists.txt": "weft_module(PRIVATE data/y)\n", "src/data/x/a.cc": '#include "data/y/y.h"\n',
          "src/data/y/CMakeLists.txt": "weft_module(PRIVATE data/x)\n", "src/data/y/a.cc": '#include "data/x/x.h"\n'},
         {"src/data/x/CMakeLists.txt": "weft_module(PRIVATE data/y)\n", "src/data/x/a.cc": '#include "data/y/y.h"\n',
          "src/data/y/CMakeLists.txt": "weft_module(TESTS data/x)\n", "src/data/y/a_test.cc": '#include "data/x/x.h"\n'}),
    ],
    "private_headers": [({"src/data/x/a.cc": '#include "store/runs/detail/a.h"\n'},
                         {"src/store/runs/a.cc": '#include "store/runs/detail/a.h"\n'})],
    "vault_open": [({"src/control/x/a.cc": '#include "store/vault/open.h"\n'},
                    {"src/control/x/a.cc": '#include "store/vault/seal.h"\n', "src/data/x/a.cc": '#include "store/vault/open.h"\n'})],
    "include_paths": [({"src/data/x/a.cc": '#include "a.h"\n', "src/data/x/a.h": ""},
                       {"src/data/x/a.cc": '#include "data/x/a.h"\n', "src/data/x/a.h": ""})],
    "sql_text": [
        ({"src/data/x/a.cc": 'run("select id from job");'}, {"src/data/x/a.cc": 'run("select a workflow");'}),
        ({"src/data/x/a.cc": 'run("INSERT INTO job");'}, {"src/data/x/a.cc": '// "insert into job"\n'}),
        ({"src/data/x/a.cc": 'run("delete from job");'}, {"src/data/x/a_pgtest.cc": 'run("delete from job");'}),
    ],
    "connection_strings": [
        ({"src/data/x/a.cc": 'url + " user=" + user;'}, {"src/data/x/a.cc": 'info.set("user", user);'}),
        ({"tests/x/a.cc": '"host=" + h + " dbname=x";'}, {"tests/x/a.cc": 'parse("host=/run dbname=x");'}),
        ({"src/data/x/a.cc": '"postgresql://" + user'}, {"src/data/x/a.cc": '"write postgresql://u@h/d";'}),
        ({"src/data/x/a.cc": 'fmt::format("dbname={}", name);'}, {"src/data/x/a.cc": '// " dbname=" + name\n'}),
    ],
    "rows_by_name": [
        ({"src/store/x/a.cc": "auto id = rows.id<RunId>(0, 1);"}, {"src/store/x/a.cc": "pg::first(rows, kRun);"}),
        ({"src/control/x/a.cc": "rows->maybe_text(row, 2)"}, {"src/store/x/a_pgtest.cc": "rows->maybe_text(row, 2)"}),
        ({"src/data/x/a.cc": "answers[at].is_null(0, kColumn)"}, {"src/data/x/a.cc": "text.text(row)"}),
    ],
    "words": [
        ({STATES: WORDS, "src/data/x/a.cc": 'if (run.state == "failed") {'},
         {STATES: WORDS, "src/data/x/a.cc": "if (run.state == RunStatus::kFailed) {"}),
        ({STATES: WORDS, "src/control/x/a.cc": 'entry.state = "failed";'}, {STATES: WORDS, "src/control/x/a.cc": 'log("failed");'}),
        ({STATES: WORDS, "src/store/x/a.cc": 'return "failed";'}, {STATES: WORDS, "src/store/x/a.cc": '// = "failed";\n'}),
        ({"src/store/x/x.h": WORDS, "src/store/x/a.cc": 'failed = "failed" != text;'},
         {"src/store/x/x.h": WORDS, "src/app/x/a.cc": 'failed = "failed" != text;'}),
    ],
    "banned_calls": [
        ({"src/data/x/a.cc": "asio::co_spawn(x);"}, {"src/platform/rt/a.cc": "asio::co_spawn(x);"}),
        ({"src/data/x/a.cc": 'std::getenv("A");'}, {"src/data/x/a.cc": '"getenv(";'}),
        ({"src/data/x/a.cc": "steady_clock::now();"}, {"src/data/x/a.cc": "clock.steady();"}),
        ({"src/data/x/a.cc": "auto* x = new Thing();"}, {"src/data/x/a.cc": "std::unique_ptr<Thing>(new Thing());"}),
        ({"src/data/x/a.cc": "delete x;"}, {"src/data/x/a.cc": "Thing(const Thing&) = delete;"}),
        ({"src/data/x/a.cc": 'system("ls");'}, {"src/data/x/a.cc": "Principal::system(role);"}),
        ({"src/data/x/a.cc": "std::thread t;"}, {"src/data/x/a.cc": "std::this_thread::get_id();"}),
    ],
    "coroutines": [
        ({"src/data/x/a.cc": "auto f = [&]() -> rt::Task<int> { co_return 1; };"},
         {"src/data/x/a.cc": "auto f = []() -> rt::Task<int> { co_return 1; };"}),
        ({"src/data/x/a.h": "rt::Task<int> f(const std::string& a);"}, {"src/data/x/a.h": "rt::Task<int> f(std::string a);"}),
        ({"src/data/x/a.h": "rt::Task<Result<int>> f(int b,\n std::string_view a);"}, {"src/data/x/a.h": "int f(std::string_view a);"}),
    ],
    "sizes": [
        ({"src/data/x/a.cc": LONG}, {"src/data/x/a.cc": SHORT}),
        ({"src/data/x/a.cc": "x;\n" * 601}, {"src/data/x/a.cc": "x;\n" * 600}),
        ({"src/data/x/a.cc": "x" * 111}, {"src/data/x/a.cc": "x" * 110}),
    ],
    "system_roles": [({"src/data/x/a.cc": "pg::Principal::system(role)"}, {"src/data/x/a.cc": "pg::Principal::tenant(id)"})],
    "one_access": [({"src/graphql/x/a.cc": "model->access(role)"}, {"src/graphql/x/a.cc": "plan.access->view()"})],
    "readmes": [({M: ""}, {M: "", "src/data/x/README.md": "# x\n"}),
                ({M: "", "src/data/x/README.md": "x\n" * 41}, {M: "", "src/data/x/README.md": "x\n" * 40})],
    "todos": [({"src/data/x/a.cc": "// TODO: later"}, {"src/data/x/a.cc": "// TODO(#12): later"})],
    "queries": [
        ({"src/store/x/sql/claim_due.sql": "-- claim_due :many\n"},
         {"src/store/x/sql/claim_due.sql": "-- claim_due :many\n", "src/store/x/a.cc": "sql::kClaimDue"}),
        ({"src/store/x/sql/a.sql": "select 1", "src/store/x/a.cc": "sql::kA"},
         {"src/store/x/sql/a.sql": "-- a :one\nselect 1", "src/store/x/a.cc": "sql::kA"}),
    ],
    "notices": [
        ({NOTICES: NOTICE, "src/data/x/a.cc": "tell(notices::Gone{id});"},
         {NOTICES: NOTICE, "src/data/x/a.cc": "tell(notices::Gone{id}); ears.on<store::notices::Gone>(f);"}),
        ({NOTICES: NOTICE, "src/data/x/a.cc": "ears.on<notices::Gone>(f);"},
         {NOTICES: NOTICE, "src/data/x/a.cc": "ears.on<notices::Gone>(f);",
          "db/migrations/V0001__x.sql": "perform pg_notify('weft_gone', old.id);"}),
    ],
    "dead_files": [({M: "", "src/data/x/a.h": ""}, {M: "", "src/data/x/a.h": "", "src/data/x/a.cc": '#include "data/x/a.h"'}),
                   ({"src/data/y/a.cc": ""}, {M: "", "src/data/x/a.cc": ""})],
    "headers": [({"src/data/x/a.h": "int x;"}, {"src/data/x/a.h": "// why\n#pragma once\n"}),
                ({"src/data/x/a.h": "#pragma once\nusing namespace weft;"}, {"src/data/x/a.h": "#pragma once\n"})],
    "vague_names": [({"src/base/utils/a.h": ""}, {"src/base/a.h": ""})],
    "map_is_current": [({M: "", "docs/map.md": "data/y"}, {M: "", "docs/map.md": "data/x"})],
    "secrets": [({"a.md": "AKIA" + "A" * 16}, {"a.md": "AKIA"}), ({"a.md": "see /home/ann/x"}, {"a.md": "see /home"}),
                ({"a.md": "weft_" + "a" * 43}, {"a.md": "weft_worker"})],
    "lock_files": [
        ({"web/package-lock.json": '"resolved": "https://x.example/a"', "web/.npmrc": "omit-lockfile-registry-resolved=true"},
         {"web/package-lock.json": "{}", "web/.npmrc": "omit-lockfile-registry-resolved=true"}),
        ({"web/package-lock.json": "{}"}, {"web/package.json": "{}"}),
    ],
}


def run():
    """Returns how many samples were judged rightly, and how many not."""
    good = bad = 0
    by_name = {check.__name__: check for check in rules.RULES}
    for missing in by_name.keys() ^ SAMPLES.keys():
        print(f"tidy self-test: no sample, or no rule, named {missing}")
        bad += 1
    for name, samples in SAMPLES.items():
        for wrong, right in samples:
            for files, wanted in ((wrong, True), (right, False)):
                findings = [str(f) for f in by_name[name](Tree(files))]
                if bool(findings) == wanted:
                    good += 1
                else:
                    bad += 1
                    print(f"tidy self-test: {name}: {'missed' if wanted else 'wrongly found'} {files} {findings}")
    return good, bad
