package main

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/ringo-mpi/ringo/examples/apps/internal/apptest"
	"github.com/ringo-mpi/ringo/mpi"
	"github.com/ringo-mpi/ringo/mpi/mpitest"
)

func TestMain(m *testing.M) { apptest.Main(m, "gpu", main) }

func TestScripts(t *testing.T) { apptest.Scripts(t) }

func TestDevices(t *testing.T) {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	const nodes = "sys/class/kfd/kfd/topology/nodes/"
	nvidia := fstest.MapFS{"dev/nvidia0": file(""), "dev/nvidia1": file(""), "dev/nvidiactl": file(""), "dev/nvidia-uvm": file("")}
	amd := fstest.MapFS{
		nodes + "0/properties": file("cpu_cores_count 8\nsimd_count 0\n"),
		nodes + "1/properties": file("cpu_cores_count 0\nsimd_count 256\n"),
	}
	for _, c := range []struct {
		env      map[string]string
		root     fstest.MapFS
		names    string
		variable string
		why      string
	}{
		{nil, fstest.MapFS{}, "", "", "there is no NVIDIA or AMD device"},
		{nil, nvidia, "0 1", "CUDA_VISIBLE_DEVICES", "/dev/nvidia*"},
		{nil, amd, "0", "ROCR_VISIBLE_DEVICES", "/sys/class/kfd"},
		{map[string]string{"CUDA_VISIBLE_DEVICES": "3, 1"}, nvidia, "3 1", "CUDA_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES"},
		{map[string]string{"CUDA_VISIBLE_DEVICES": "GPU-8932f937,MIG-1/2/3"}, nil, "GPU-8932f937 MIG-1/2/3", "CUDA_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES"},
		{map[string]string{"CUDA_VISIBLE_DEVICES": "0,-1,1"}, nvidia, "0", "CUDA_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES"},
		{map[string]string{"CUDA_VISIBLE_DEVICES": "-1"}, nvidia, "", "CUDA_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES=-1 hides all"},
		{map[string]string{"CUDA_VISIBLE_DEVICES": ""}, nvidia, "", "CUDA_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES= hides all"},
		{map[string]string{"CUDA_VISIBLE_DEVICES": "", "ROCR_VISIBLE_DEVICES": "1"}, amd, "1", "ROCR_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES"},
		{map[string]string{"ROCR_VISIBLE_DEVICES": "1"}, amd, "1", "ROCR_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES"},
	} {
		got := devices(func(k string) (string, bool) { text, ok := c.env[k]; return text, ok }, c.root)
		if !slices.Equal(got.Names, strings.Fields(c.names)) || got.Variable != c.variable || !strings.Contains(got.Why, c.why) {
			t.Errorf("%v: %+v, want %s by %s: %s", c.env, got, c.names, c.variable, c.why)
		}
	}
}

func TestChoose(t *testing.T) {
	names := []string{"4", "7", "9"}
	mpitest.Run(t, 5, func(t *testing.T, world *mpi.Comm) {
		c := choose(world, deviceList{Names: names, Variable: "RINGO_TEST_DEVICE"})
		if want := names[world.Rank()%3]; c.Device != want || c.LocalRank != world.Rank() || c.Host != world.Host() {
			t.Errorf("%+v, want device %s", c, want)
		}
	})
}

func TestTable(t *testing.T) {
	got := table([]choice{
		{"a", 0, "0", "V", "V"}, {"a", 1, "1", "V", "V"}, {"b", 0, "", "", "nothing found"}, {"b", 1, "", "", "nothing found"},
	})
	want := "rank  host  local rank  device  from\n" +
		"0     a     0           0       V\n" +
		"1     a     1           1       V\n" +
		"2     b     0           -       nothing found\n" +
		"3     b     1           -       nothing found\n" +
		"No GPU on b: nothing found.\n"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := table([]choice{{Host: "b", Why: "nothing found"}}); got != "No GPU on b: nothing found.\n" {
		t.Errorf("got %s", got)
	}
}
