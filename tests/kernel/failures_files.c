/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Flows of memory that is mapped by its file. */
#include "failures.h"

#include <sys/mman.h>
#include <unistd.h>

static void with_file(struct world *w)
{
	w->iommu = iommu_open();
	w->ioas = ioas_new(w->iommu);
	w->file = must(memfd_create("failures", MFD_CLOEXEC));
	must(ftruncate(w->file, SIZE));
	w->memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, w->file, 0);
	check(w->memory != MAP_FAILED);
}

static void with_device(struct world *w)
{
	with_file(w);
	w->dev[0] = cdev_open("EDU0");
	must(cdev_bind(w->dev[0], w->iommu, &w->id[0]));
	must(cdev_attach(w->dev[0], w->ioas));
}

static int map_file(struct world *w)
{
	return ioas_map_file(w->iommu, w->ioas, w->file, 0, SIZE, MAP_BOTH, AT);
}

static void nothing_mapped(struct world *w)
{
	int r = ioas_unmap(w->iommu, w->ioas, 0, UINT64_MAX);

	check(r == 0 || r == -ENOENT);
}

static void unmap(struct world *w)
{
	check(ioas_unmap(w->iommu, w->ioas, AT, SIZE) == SIZE);
}

const struct flow file_flows[] = {
	{.name = "map-file",
	 .answers = true,
	 .needs = "/MAP_FILE",
	 FLOW(with_file, map_file, nothing_mapped, unmap)},
	{.name = "map-file-device",
	 .answers = true,
	 .needs = "/MAP_FILE EDU0",
	 FLOW(with_device, map_file, nothing_mapped, unmap)},
	{0},
};
