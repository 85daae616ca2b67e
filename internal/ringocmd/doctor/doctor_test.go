package doctor

import (
	"bytes"
	"context"
	"debug/elf"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/ringo-mpi/ringo/internal/topo"
)

// healthy is a machine that needs no mending; a case changes what it tries.
func healthy(t *testing.T) *machine {
	env := map[string]string{}
	return &machine{
		goos: "linux",
		root: fstest.MapFS{},
		topology: func() (*topo.Machine, error) {
			return &topo.Machine{
				CPUs:    []topo.CPU{{ID: 0}, {ID: 1, Core: 1}},
				Sockets: []topo.Socket{{CPUs: topo.SetOf(0, 1)}},
				Cores:   []topo.Set{topo.SetOf(0), topo.SetOf(1)},
				Allowed: topo.SetOf(0, 1),
			}, nil
		},
		memory:   func() (uint64, uint64, error) { return 16 << 30, 8 << 30, nil },
		disk:     func(string) (uint64, uint64, error) { return 4 << 30, 8 << 30, nil },
		limit:    func(string) (uint64, bool) { return unlimited, true },
		getenv:   func(k string) string { return env[k] },
		environ:  func() []string { return nil },
		fdOpen:   func(int) bool { return false },
		lookPath: func(name string) (string, error) { return "/opt/" + name, nil },
		run: func(_ context.Context, name string, args ...string) (string, error) {
			return strings.TrimPrefix(name, "/opt/") + " of Ringo\nmore", nil
		},
		lookup:   func(context.Context, string) ([]string, error) { return []string{"10.0.0.1"}, nil },
		hostname: func() (string, error) { return "red0", nil },
		tempDir:  t.TempDir(),
		job: func(context.Context) (*jobResult, error) {
			return &jobResult{Transport: "shm", Latency: 5e-7, Bandwidth: 5e9}, nil
		},
		identify: func(path string) (library, error) { return library{path: path, abi: abiMPICH, fit: true}, nil },
	}
}

func text(findings []Finding) string {
	var b bytes.Buffer
	_ = print(&b, findings, "table", false)
	return b.String()
}

func TestHealthyMachine(t *testing.T) {
	findings := examine(t.Context(), healthy(t))
	for _, f := range findings {
		if f.State != OK && f.Check != "shared memory" {
			t.Errorf("%+v", f)
		}
	}
	seen := map[string]bool{}
	for _, f := range findings {
		seen[f.Check] = true
	}
	for _, c := range checks {
		if !seen[c.name] {
			t.Errorf("the check %q found nothing", c.name)
		}
	}
	if sick(findings) {
		t.Error(text(findings))
	}
}

// file makes a machine's file system with one file.
func file(path, content string) func(*machine) {
	return func(m *machine) {
		m.root.(fstest.MapFS)[path] = &fstest.MapFile{Data: []byte(content)}
	}
}

func both(a, b func(*machine)) func(*machine) {
	return func(m *machine) { a(m); b(m) }
}

func withTopology(change func(*topo.Machine)) func(*machine) {
	return func(m *machine) {
		tm, _ := m.topology()
		change(tm)
		m.topology = func() (*topo.Machine, error) { return tm, nil }
	}
}

func withEnv(kvs ...string) func(*machine) {
	return func(m *machine) {
		m.environ = func() []string { return kvs }
		m.getenv = func(name string) string {
			for _, kv := range kvs {
				if k, v, _ := strings.Cut(kv, "="); k == name {
					return v
				}
			}
			return ""
		}
	}
}

func withLimit(name string, value uint64) func(*machine) {
	return func(m *machine) {
		m.limit = func(n string) (uint64, bool) {
			if n == name {
				return value, true
			}
			return unlimited, true
		}
	}
}

func withDisk(free, total uint64, err error) func(*machine) {
	return func(m *machine) { m.disk = func(string) (uint64, uint64, error) { return free, total, err } }
}

// An MPI library of MPICH in /usr/lib.
var installed = file("usr/lib/libmpi.so.12", "")

func TestSickMachines(t *testing.T) {
	cases := []struct {
		name   string
		change func(*machine)
		state  State
		want   string // a line of the finding
		remedy string // part of it
	}{
		{"no topology", func(m *machine) {
			m.topology = func() (*topo.Machine, error) { return nil, errors.New("no CPUs found") }
		},
			Mend, "cores: no CPUs found", "mount /proc and /sys"},
		{"offline", withTopology(func(m *topo.Machine) { m.Offline = topo.SetOf(2, 3) }), Note, "cores: 2 CPUs are offline: 2-3", "online"},
		{"affinity", withTopology(func(m *topo.Machine) { m.Allowed = topo.SetOf(1) }), Note, "cores: the process may run on CPUs 1 only", "taskset"},
		{"quota", withTopology(func(m *topo.Machine) { m.Quota = 1.5 }), Note, "cores: the cgroup grants the time of 1.5 CPUs", "--cpus"},
		{"small quota", withTopology(func(m *topo.Machine) { m.Quota = 0.5 }), Mend, "cores: the cgroup grants 0.5 of one CPU", "cpu.max"},
		{"governor", file("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave\n"), Note, "cores: the CPU frequency governor is powersave", "cpupower"},

		{"memory limit", withTopology(func(m *topo.Machine) { m.MemoryLimit = 2 << 30 }), Note, "memory: the cgroup grants 2.0 GiB of 16.0 GiB", ""},
		{"small memory limit", withTopology(func(m *topo.Machine) { m.MemoryLimit = 100 << 20 }), Mend, "memory: the cgroup grants 100.0 MiB", "memory.max"},
		{"little memory", func(m *machine) { m.memory = func() (uint64, uint64, error) { return 1 << 30, 10 << 20, nil } }, Mend, "memory: only 10.0 MiB of 1.0 GiB are available", "end what uses"},
		{"overcommit", file("proc/sys/vm/overcommit_memory", "2"), Note, "memory: the system reserves memory", "vm.overcommit_memory=0"},
		{"unknown memory", func(m *machine) { m.memory = func() (uint64, uint64, error) { return 0, 0, errors.New("no /proc") } }, Note, "memory: the size of the memory is unknown: no /proc", ""},

		{"job fails", func(m *machine) {
			m.job = func(context.Context) (*jobResult, error) {
				return nil, errors.New("memfd_create: operation not permitted")
			}
		}, Mend, "job: a job of two ranks failed: memfd_create: operation not permitted", "sandbox"},
		{"reach not tried", func(m *machine) {
			m.job = func(context.Context) (*jobResult, error) { return nil, errors.New("x") }
		}, Note, "process_vm_readv: not tried", ""},
		{"seccomp", func(m *machine) {
			m.job = func(context.Context) (*jobResult, error) {
				return &jobResult{Reach: "operation not permitted"}, nil
			}
		}, Mend, "process_vm_readv: processes may not read each other's memory (operation not permitted)", "SYS_PTRACE"},
		{"yama", both(file("proc/sys/kernel/yama/ptrace_scope", "2\n"), func(m *machine) {
			m.job = func(context.Context) (*jobResult, error) {
				return &jobResult{Reach: "operation not permitted"}, nil
			}
		}), Mend, "process_vm_readv: processes may not read each other's memory (ptrace_scope=2)", "sysctl -w kernel.yama.ptrace_scope=1"},

		{"small shm, unused", withDisk(64<<20, 64<<20, nil), Note, "shared memory: /dev/shm has 64.0 MiB; only MPI libraries would need it", "--shm-size"},
		{"small shm", both(installed, withDisk(64<<20, 64<<20, nil)), Mend, "shared memory: /dev/shm has 64.0 MiB: MPI libraries need it", "--shm-size"},
		{"full shm", both(installed, withDisk(1<<20, 1<<30, nil)), Mend, "shared memory: /dev/shm is nearly full: 1.0 MiB of 1.0 GiB are free", "remove"},
		{"no shm", both(installed, withDisk(0, 0, fs.ErrNotExist)), Mend, "shared memory: there is no /dev/shm", "mount -t tmpfs"},
		{"unreadable shm", withDisk(0, 0, errors.New("broken")), Note, "shared memory: the size of /dev/shm is unknown: broken", ""},

		{"open files", withLimit("nofile", 256), Mend, "limits: open files: at most 256", "nofile"},
		{"processes", withLimit("nproc", 100), Mend, "limits: processes and threads of the user: at most 100", "nproc"},
		{"address space", withLimit("as", 1<<30), Note, "limits: the address space is limited to 1.0 GiB", "ulimit -v"},
		{"locked memory", both(file("sys/class/infiniband/mlx5_0/x", ""), withLimit("memlock", 64<<10)), Mend, "limits: locked memory: at most 64.0 KiB, but there are 1 network devices", "memlock"},
		{"pids", both(file("proc/self/cgroup", "0::/a/b\n"), both(file("sys/fs/cgroup/a/pids.max", "100\n"), file("sys/fs/cgroup/a/b/pids.max", "max\n"))),
			Mend, "limits: the cgroup allows 100 processes and threads", "--pids-limit"},
		{"pids, version 1", both(file("proc/self/cgroup", "5:pids:/a\n0::/\n"), file("sys/fs/cgroup/pids/a/pids.max", "50\n")),
			Mend, "limits: the cgroup allows 50 processes and threads", ""},

		{"no temporary folder", func(m *machine) { m.tempDir = "/nonexistent" }, Mend, "temporary folder: no file can be made in /nonexistent: no such file or directory", "TMPDIR"},
		{"full temporary folder", withDisk(1<<20, 1<<30, nil), Mend, "is nearly full: 1.0 MiB of 1.0 GiB are free", "TMPDIR"},

		{"library", installed, OK, "MPI libraries: /usr/lib/libmpi.so.12 has the MPICH ABI", ""},
		{"library in a folder of the linker", both(file("etc/ld.so.conf", "include ld.so.conf.d/*.conf # x\n"), both(file("etc/ld.so.conf.d/mpi.conf", "/opt/mpi5/lib\n"), file("opt/mpi5/lib/libmpi_abi.so.1", ""))),
			OK, "MPI libraries: /opt/mpi5/lib/libmpi_abi.so.1 has the MPICH ABI", ""},
		{"library beside mpiexec", file("lib/libmpi.so", ""), OK, "MPI libraries: /lib/libmpi.so has", ""},
		{"library of a module", both(withEnv("MPI_HOME=/sw/ompi"), file("sw/ompi/lib/libmpi.so.40", "")), OK, "MPI libraries: /sw/ompi/lib/libmpi.so.40 has", ""},
		{"library of another processor", both(installed, func(m *machine) {
			m.identify = func(p string) (library, error) { return library{path: p, machine: "EM_SPARC"}, nil }
		}), Note, "MPI libraries: /usr/lib/libmpi.so.12 is for another processor (EM_SPARC)", ""},
		{"RINGO_LIBMPI", both(withEnv("RINGO_LIBMPI=/x/libmpi.so"), func(m *machine) {
			m.identify = func(string) (library, error) { return library{}, fs.ErrNotExist }
		}), Mend, "MPI libraries: RINGO_LIBMPI=/x/libmpi.so: file does not exist", "unset RINGO_LIBMPI"},

		{"no mpiexec", func(m *machine) {
			m.lookPath = func(string) (string, error) { return "", errors.New("not found") }
		}, Note, "mpiexec: there is no mpiexec in PATH", "go install"},
		{"other mpiexec", func(m *machine) {
			m.run = func(context.Context, string, ...string) (string, error) {
				return "HYDRA build details:\nVersion: 4.0", nil
			}
		}, Note, "mpiexec: mpiexec is not Ringo's but MPICH's: /opt/mpiexec (HYDRA build details:)", "its path"},
		{"unknown mpiexec", func(m *machine) {
			m.run = func(context.Context, string, ...string) (string, error) { return "", errors.New("crash") }
		}, Note, "mpiexec: mpiexec is not Ringo's but unknown's", ""},

		{"bad engine", withEnv("RINGO_ENGINE=warp"), Mend, "RINGO_ENGINE=warp: it is auto", "unset"},
		{"bad ranks", withEnv("RINGO_RANKS=-1"), Mend, "RINGO_RANKS=-1: it is the number", "unset"},
		{"stale job", withEnv("RINGO_RANK=1", "RINGO_CTL_FD=7", "PMI_FD=7"), Mend, "environment: RINGO_CTL_FD=7 is left over from a job", "unset PMI_FD RINGO_CTL_FD RINGO_RANK"},
		{"stale PMI", withEnv("PMI_FD=x"), Mend, "environment: PMI_FD=x is left over", "unset PMI_FD"},
		{"in a job", both(withEnv("RINGO_RANK=1", "RINGO_SIZE=2", "RINGO_CTL_FD=7"), func(m *machine) { m.fdOpen = func(int) bool { return true } }),
			Note, "environment: this is a process of a job (RINGO_CTL_FD, RINGO_RANK, RINGO_SIZE); programs started here: started by Ringo's mpiexec", ""},
		{"settings", withEnv("RINGO_VERBOSE=1"), Note, "environment: RINGO_VERBOSE=1 is set", ""},

		{"no host name", func(m *machine) { m.hostname = func() (string, error) { return "", nil } }, Mend, "host name: the computer has no name", "hostnamectl"},
		{"unknown host", func(m *machine) {
			m.lookup = func(context.Context, string) ([]string, error) { return nil, errors.New("no such host") }
		}, Note, "host name: the name red0 has no address", "/etc/hosts"},

		{"no ssh", func(m *machine) {
			m.lookPath = func(n string) (string, error) {
				if n == "ssh" {
					return "", errors.New("not found")
				}
				return "/opt/" + n, nil
			}
		}, Note, "ssh: there is no ssh in PATH", "OpenSSH"},
		{"no ssh for hosts", func(m *machine) {
			m.hosts = []string{"red1"}
			m.lookPath = func(string) (string, error) { return "", errors.New("not found") }
		}, Mend, "ssh: there is no ssh in PATH", "OpenSSH"},
		{"password", func(m *machine) {
			m.hosts = []string{"red1"}
			m.run = func(_ context.Context, _ string, args ...string) (string, error) {
				return "red1: Permission denied (publickey,password).\n", errors.New("exit status 255")
			}
		}, Mend, "ssh: red1 is not reached: red1: Permission denied (publickey,password).", "ssh-copy-id red1"},
		{"silent host", func(m *machine) {
			m.hosts = []string{"red1"}
			m.run = func(context.Context, string, ...string) (string, error) { return "", errors.New("exit status 1") }
		}, Mend, "ssh: red1 is not reached: exit status 1", ""},
		{"option as host", func(m *machine) { m.hosts = []string{"-oProxyCommand=x"} }, Mend, `ssh: "-oProxyCommand=x" is not the name of a computer`, ""},
		{"good host", func(m *machine) {
			m.hosts = []string{"red1"}
			m.run = func(_ context.Context, _ string, args ...string) (string, error) {
				return strings.Join(args, " "), nil
			}
		}, OK, "ssh: red1 is reached without a password", ""},
	}
	for _, c := range cases {
		m := healthy(t)
		c.change(m)
		findings := examine(t.Context(), m)
		found := false
		for _, f := range findings {
			if strings.Contains(f.Check+": "+f.Text, c.want) && f.State == c.state && strings.Contains(f.Remedy, c.remedy) {
				found = true
			}
			if f.State == Mend && f.Remedy == "" {
				t.Errorf("%s: no remedy: %+v", c.name, f)
			}
			if strings.Contains(f.Text+f.Remedy, "\n") {
				t.Errorf("%s: more than one line: %q", c.name, f.Text+f.Remedy)
			}
		}
		if !found {
			t.Errorf("%s: no finding %s %q with remedy %q in\n%s", c.name, c.state, c.want, c.remedy, text(findings))
		}
		if c.state == Mend && !sick(findings) {
			t.Errorf("%s: the machine is not sick", c.name)
		}
	}
}

func TestOtherSystems(t *testing.T) {
	for _, goos := range []string{"darwin", "windows"} {
		m := healthy(t)
		m.goos = goos
		m.job = func(context.Context) (*jobResult, error) { return &jobResult{Transport: "shm", Reach: noReach}, nil }
		m.limit = func(string) (uint64, bool) { return 0, false }
		if findings := examine(t.Context(), m); sick(findings) {
			t.Errorf("%s:\n%s", goos, text(findings))
		}
	}
}

func TestQuietAndFormats(t *testing.T) {
	findings := []Finding{{"a", OK, "good", ""}, {"b", Mend, "bad", "do it"}}
	var b bytes.Buffer
	if err := print(&b, findings, "table", true); err != nil || b.String() != "mend  b: bad\n      -> do it\n" {
		t.Errorf("%v %q", err, b.String())
	}
	b.Reset()
	if err := print(&b, findings, "csv", false); err != nil || b.String() != "check,state,finding,remedy\na,ok,good,\nb,mend,bad,do it\n" {
		t.Errorf("%v %q", err, b.String())
	}
}

// sharedObject makes an ELF file that defines some symbols.
func sharedObject(t *testing.T, name string, machine elf.Machine, symbols ...string) string {
	t.Helper()
	var strtab, symtab bytes.Buffer
	strtab.WriteByte(0)
	put := func(w *bytes.Buffer, v any) {
		if err := binary.Write(w, binary.LittleEndian, v); err != nil {
			t.Fatal(err)
		}
	}
	put(&symtab, elf.Sym64{})
	for _, s := range symbols {
		put(&symtab, elf.Sym64{Name: uint32(strtab.Len()), Info: 0x12, Shndx: 1, Value: 1})
		strtab.WriteString(s + "\x00")
	}
	const header, section = 64, 64
	symOff := uint64(header)
	strOff := symOff + uint64(symtab.Len())
	shOff := strOff + uint64(strtab.Len())
	var out bytes.Buffer
	h := elf.Header64{
		Type: uint16(elf.ET_DYN), Machine: uint16(machine), Version: 1, Shoff: shOff,
		Ehsize: header, Phentsize: 56, Shentsize: section, Shnum: 3, Shstrndx: 2,
	}
	copy(h.Ident[:], elf.ELFMAG)
	h.Ident[elf.EI_CLASS], h.Ident[elf.EI_DATA], h.Ident[elf.EI_VERSION] = byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), 1
	put(&out, h)
	out.Write(symtab.Bytes())
	out.Write(strtab.Bytes())
	put(&out, elf.Section64{})
	put(&out, elf.Section64{Type: uint32(elf.SHT_DYNSYM), Off: symOff, Size: uint64(symtab.Len()), Link: 2, Entsize: 24})
	put(&out, elf.Section64{Type: uint32(elf.SHT_STRTAB), Off: strOff, Size: uint64(strtab.Len())})
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, out.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestIdentify(t *testing.T) {
	own, ok := map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}[runtime.GOARCH]
	if !ok {
		own = elf.EM_NONE
	}
	for _, c := range []struct {
		name    string
		machine elf.Machine
		symbols []string
		abi     string
	}{
		{"libmpi.so.12", own, []string{"MPI_Init_thread", "MPI_Abi_get_version"}, abiMPICH},
		{"libmpi.so.40", own, []string{"MPI_Init_thread", "ompi_mpi_comm_world"}, abiOpenMPI},
		{"libmpi_abi.so.1", own, []string{"MPI_Init_thread", "MPI_Abi_get_version"}, abiStandard},
		{"libmpi.so.12", elf.EM_SPARCV9, []string{"MPI_Init_thread"}, abiMPICH},
	} {
		lib, err := identify(sharedObject(t, c.name, c.machine, c.symbols...))
		if err != nil || lib.abi != c.abi || lib.fit != (c.machine == own && ok) {
			t.Errorf("%s of %v: %+v, %v; want %s", c.name, c.machine, lib, err, c.abi)
		}
	}
	write := func(text string) string {
		path := filepath.Join(t.TempDir(), "libmpi.so")
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for path, want := range map[string]string{
		sharedObject(t, "libmpi.so", own, "printf"): "not an MPI library: it has no MPI_Init_thread",
		write(""):                    "not a library",
		write("/* GNU ld script */"): "not a library",
		write(elf.ELFMAG + "broken"): "not a library",
		t.TempDir():                  "not a file",
		"/nonexistent/libmpi.so":     "no such file",
	} {
		if _, err := identify(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %s", path, err, want)
		}
	}
}

func TestLauncherOf(t *testing.T) {
	for version, want := range map[string]string{
		"mpiexec (OpenRTE) 4.1.4":               "Open MPI",
		"mpirun (Open MPI) 5.0.3":               "Open MPI",
		"HYDRA build details:\n Version: 4.0.2": "MPICH",
		"Intel(R) MPI Library for Linux* OS":    "Intel MPI",
		"mpiexec (Ringo, MPI for Go) (devel)":   "Ringo",
		"something else":                        "",
	} {
		if got := launcherOf(version); got != want {
			t.Errorf("%q: %s, want %s", version, got, want)
		}
	}
}
