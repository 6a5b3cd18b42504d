"""A PostgreSQL and its synchronous standby, on a folder, as the user `postgres`; both listen on sockets in it only."""
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import time

BIN = pathlib.Path(os.environ.get("WEFT_POSTGRES_BIN", "/usr/lib/postgresql/15/bin"))
SETTINGS = """
listen_addresses = ''
unix_socket_permissions = 0777
max_connections = 200
password_encryption = scram-sha-256
shared_buffers = 192MB
work_mem = 8MB
maintenance_work_mem = 64MB
random_page_cost = 1.1
jit = off
max_locks_per_transaction = 256
autovacuum_naptime = 15s
wal_compression = lz4
max_wal_size = 2GB
checkpoint_timeout = 15min
wal_level = replica
wal_keep_size = 1GB
hot_standby = on
wal_receiver_status_interval = 1s
wal_sender_timeout = 5s
wal_receiver_timeout = 5s
wal_retrieve_retry_interval = 500ms
log_line_prefix = '%m [%p] %q%u '
log_min_messages = warning
log_parameter_max_length_on_error = 0
timezone = 'UTC'
log_timezone = 'UTC'
"""
ACCESS = "local all postgres trust\nlocal replication postgres trust\nlocal all all scram-sha-256\n"


def processes_below(pid):
    """It and all that it has begun."""
    try:
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return []
    return [pid, *(one for child in children for one in processes_below(int(child)))]


class Node:
    """One server, primary or standby as its folder says."""

    def __init__(self, folder, name, shim):
        self.name = name
        self.home = folder / name
        self.data = self.home / "data"
        self.sockets = self.home / "run"
        self.fault = self.home / "disk"  # what the preloaded library reads
        self.shim = shim
        self.user = pwd.getpwnam("postgres") if os.geteuid() == 0 else pwd.getpwuid(os.getuid())
        for each in (self.home, self.sockets):
            each.mkdir(parents=True, exist_ok=True)
            os.chown(each, self.user.pw_uid, self.user.pw_gid)
        self.set_disk("-")

    @property
    def socket(self):
        return str(self.sockets / ".s.PGSQL.5432")

    def set_disk(self, what):
        self.fault.write_text(what)
        self.fault.chmod(0o644)

    def tool(self, *arguments, check=True, **environment):
        identity = {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
        done = subprocess.run([str(BIN / arguments[0]), *map(str, arguments[1:])], env={"PATH": "/usr/bin:/bin", **environment},
                              cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True, **identity)
        assert not check or done.returncode == 0, (arguments, done.stdout, done.stderr)
        return done

    def initialize(self):
        self.tool("initdb", "-D", self.data, "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8",
                  "--data-checksums", "--no-instructions")
        (self.data / "weft.conf").write_text(SETTINGS)
        with (self.data / "postgresql.conf").open("a") as conf:
            conf.write(f"include 'weft.conf'\n")
        (self.data / "pg_hba.conf").write_text(ACCESS)

    def copy(self, other):
        """Becomes a standby of `other`."""
        shutil.rmtree(self.data, ignore_errors=True)
        self.tool("pg_basebackup", "-D", self.data, "-h", other.sockets, "-U", "postgres", "-X", "stream", "-R", "-c", "fast",
                  "-d", f"application_name={self.name}")

    def start(self, seconds=90):
        """As soon as what was left of the one before has gone."""
        until = time.monotonic() + seconds
        environment = {"WEFT_DISK_FAULTS": str(self.fault), "LD_PRELOAD": str(self.shim)} if self.shim else {}
        while True:
            done = self.tool("pg_ctl", "start", "-D", self.data, "-w", "-t", "60", "-l", self.home / "log", "-s", "-o",
                             f"-c unix_socket_directories={self.sockets}", check=False, **environment)
            if done.returncode == 0:
                return
            assert time.monotonic() < until, (done.stdout, done.stderr, (self.home / "log").read_text()[-2000:])
            time.sleep(0.1)

    def stop(self, mode="immediate"):
        return self.tool("pg_ctl", "stop", "-D", self.data, "-m", mode, "-w", "-t", "60", "-s", check=False)

    def pid(self):
        try:
            return int((self.data / "postmaster.pid").read_text().split()[0])
        except (FileNotFoundError, IndexError):
            return 0

    def kill(self, number=signal.SIGKILL):
        if pid := self.pid():
            os.kill(pid, number)

    def sql(self, text, database="weft", check=True, seconds=30):
        done = subprocess.run([str(BIN / "psql"), "-XqAt", "-v", "ON_ERROR_STOP=1", "-h", str(self.sockets), "-U", "postgres", database],
                              input=text, capture_output=True, text=True, timeout=seconds)
        if done.returncode != 0 and not check:
            return None
        assert done.returncode == 0, (text[:300], done.stderr)
        return done.stdout.strip()


class Pair:
    def __init__(self, folder, shim=None, with_standby=True):
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)
        self.primary, self.standby = Node(folder, "one", shim), Node(folder, "two", shim)
        self.primary.initialize()
        self.primary.start()
        self.primary.sql("create database weft", database="postgres")
        self.has_standby = with_standby
        if with_standby:
            self.attach()

    def attach(self):
        """The standby is made anew from the primary; from then on no commit is acknowledged without it."""
        self.standby.copy(self.primary)
        self.standby.start()
        self.wait_streaming()
        self.primary.sql(f"alter system set synchronous_standby_names = '{self.standby.name}'", database="postgres")
        self.primary.sql("select pg_reload_conf()", database="postgres")
        self.wait_streaming("sync")

    def state(self):
        return self.primary.sql("select sync_state from pg_stat_replication where state = 'streaming'", "postgres", False)

    def wait_streaming(self, state=None, seconds=90):
        until = time.monotonic() + seconds
        while not (now := self.state()) or (state and now != state):
            assert time.monotonic() < until, f"the standby does not follow: {now}"
            time.sleep(0.1)

    def fail_over(self):
        """The primary dies and the standby takes its place, alone at first, as a manager of clusters would have it."""
        self.primary.stop("immediate")
        self.standby.tool("pg_ctl", "promote", "-D", self.standby.data, "-w", "-t", "60", "-s")
        self.primary, self.standby = self.standby, self.primary
        self.primary.sql("alter system reset synchronous_standby_names", database="postgres")
        self.primary.sql("select pg_reload_conf()", database="postgres")

    def stop(self):
        for node in (self.standby, self.primary):
            if node.pid():
                node.stop("immediate")
