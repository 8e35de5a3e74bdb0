/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the conditions of the machine: is there an IOMMU, which backend can be used, are its modules there? */
#include "findings.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "module.h"
#include "sysfs.h"

/* What the firmware calls the table of its IOMMU, and how the kernel is told to use it. */
static const struct table {
	const char *name;
	const char *what;
	const char *remedy;
} tables[] = {
	{"DMAR", "an Intel IOMMU (VT-d)",
	 "put intel_iommu=on on the kernel's command line, take away iommu=off and "
	 "intel_iommu=off, and reboot"},
	{"IVRS", "an AMD IOMMU (AMD-Vi)",
	 "take away iommu=off and amd_iommu=off from the kernel's command line, and reboot"},
	{"VIOT", "a virtual IOMMU", "load the module virtio_iommu before the device's driver"},
	{"IORT", "an Arm SMMU",
	 "boot a kernel with its driver (CONFIG_ARM_SMMU_V3), not disabled on the command line"},
};

static int find_table(void *data, const char *name)
{
	const struct table **found = data;

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		if (!strcmp(name, tables[i].name))
			*found = &tables[i];
	return *found != NULL;
}

static int take_name(void *data, const char *name)
{
	/* The kernel's own test has one that no device is behind. */
	if (!strncmp(name, "iommufd_selftest", 16))
		return 0;
	snprintf(data, 32, "%s", name);
	return 1;
}

struct words {
	char text[160];
};

/* The words of the kernel's command line that have to do with it. */
static int take_words(void *data, const char *line)
{
	struct words *words = data;

	for (const char *word = line; *word;) {
		size_t length = strcspn(word, " "), used = strlen(words->text);
		if (memmem(word, length, "iommu", 5) && used + length + 2 < sizeof(words->text))
			snprintf(words->text + used, sizeof(words->text) - used, " %.*s",
				 (int)length, word);
		word += length + strspn(word + length, " ");
	}
	return 1;
}

static void iommu_is_not_used(struct search *search)
{
	const struct table *table = NULL;
	struct words words = {""};

	sysfs_lines(search->sys, "/proc", "cmdline", take_words, &words);
	int r = search->sys->list(search->sys, "/sys/firmware/acpi/tables", find_table, &table);
	if (table) {
		struct libiommufd_host_finding *finding =
			finding_add(search, LIBIOMMUFD_HOST_IOMMU_OFF, search->device->name);
		finding_evidence(finding,
				 "the firmware describes %s (ACPI table %s), but the kernel does "
				 "not use it%s%s",
				 table->what, table->name,
				 words.text[0] ? ": its command line has" : "", words.text);
		finding_remedy(finding, "%s", table->remedy);
		return;
	}
	struct libiommufd_host_finding *finding =
		finding_add(search, LIBIOMMUFD_HOST_IOMMU_ABSENT, search->device->name);
	finding_evidence(finding, r == 0 ? "the firmware describes no IOMMU"
					 : "the kernel uses no IOMMU, and whether there is one "
					   "cannot be read");
	finding_remedy(finding, "switch it on in the firmware's setup (VT-d, AMD-Vi, IOMMU, SVM), "
				"or give the virtual machine one");
}

bool check_iommu(struct search *search)
{
	const struct libiommufd_host_device *device = search->device;
	char iommu[32] = "";

	/* What cannot be read is no condition. */
	if (device->number != LIBIOMMUFD_FACT_NONE &&
	    !sysfs_is_mock_group(search->sys, device->number))
		return true;
	search->sys->list(search->sys, "/sys/class/iommu", take_name, iommu);
	if (!iommu[0]) {
		iommu_is_not_used(search);
		return false;
	}
	struct libiommufd_host_finding *finding =
		finding_add(search, LIBIOMMUFD_HOST_NOT_BEHIND_IOMMU, device->name);
	finding_evidence(finding,
			 "the machine has an IOMMU (%s), but it is not in front of this device",
			 iommu);
	/* A virtio IOMMU makes groups when drivers ask for them. */
	if (!strncmp(iommu, "virtio", 6) && device->driver_known && !device->driver[0])
		finding_remedy(finding, "bind it to vfio-pci: with a virtio IOMMU a device gets "
					"its group together with its first driver");
	else
		finding_remedy(finding, "no user space can have it safely; use a device or slot "
					"that is behind the IOMMU");
	return false;
}

static bool can_open(const struct sys *sys, const char *path)
{
	return sys->access(sys, path) == 0;
}

static bool is_missing(const struct sys *sys, const char *path)
{
	int r = sys->access(sys, path);

	return r == -ENOENT || r == -ENOTDIR;
}

struct count {
	const struct sys *sys;
	unsigned devices, nodes;
};

static int count_node(void *data, const char *name)
{
	struct count *count = data;
	char dir[96], number[32];

	count->devices++;
	snprintf(dir, sizeof(dir), "/sys/class/vfio-dev/%.60s", name);
	count->nodes += sysfs_read(count->sys, dir, "dev", number, sizeof(number)) != -ENOENT;
	return count->nodes > 0;
}

/* The core's rule, see backend/select.c: it shows in any device on a vfio driver. */
static bool kernel_lacks_cdev(const struct sys *sys)
{
	struct count count = {.sys = sys};

	sys->list(sys, "/sys/class/vfio-dev", count_node, &count);
	return count.devices > 0 && count.nodes == 0;
}

/* As the core would choose; and where nothing works yet, what needs the least to be done. */
void choose_backend(struct search *search)
{
	const struct sys *sys = search->sys;
	struct module iommufd;

	if (search->backend != LIBIOMMUFD_BACKEND_AUTO)
		return;
	search->backend = LIBIOMMUFD_BACKEND_TYPE1;
	if (kernel_lacks_cdev(sys))
		return;
	if (can_open(sys, "/dev/iommu")) {
		search->backend = LIBIOMMUFD_BACKEND_NATIVE;
		return;
	}
	if (can_open(sys, "/dev/vfio/vfio"))
		return;
	if (!is_missing(sys, "/dev/iommu")) {
		search->backend = LIBIOMMUFD_BACKEND_NATIVE;
		return;
	}
	if (!is_missing(sys, "/dev/vfio/vfio"))
		return;
	if (module_look(search->host, "iommufd", &iommufd) < 0)
		search->no_memory = true;
	else if (iommufd.state != LIBIOMMUFD_HOST_MODULE_ABSENT)
		search->backend = LIBIOMMUFD_BACKEND_NATIVE;
}

static void module_finding(struct search *search, const struct module *module)
{
	struct libiommufd_host_finding *finding;

	if (module->state == LIBIOMMUFD_HOST_MODULE_BLACKLISTED) {
		finding = finding_add(search, LIBIOMMUFD_HOST_MODULE_FORBIDDEN, module->name);
		finding_evidence(finding, "the module is there, but %s", module->why);
		finding_remedy(finding, "remove that, or load it by hand: modprobe %s",
			       module->name);
	} else if (module->state == LIBIOMMUFD_HOST_MODULE_NOT_LOADED) {
		finding = finding_add(search, LIBIOMMUFD_HOST_MODULE_UNLOADED, module->name);
		finding_evidence(finding, "the module is not loaded");
		finding_remedy(finding,
			       "modprobe %s, at each boot by a file in /etc/modules-load.d; or "
			       "libiommufd_host_load_modules()",
			       module->name);
	} else if (!strcmp(module->name, "iommufd")) {
		finding = finding_add(search, LIBIOMMUFD_HOST_NO_IOMMUFD, module->name);
		finding_evidence(finding, "the kernel has no iommufd: %s", module->why);
		finding_remedy(finding, "use a kernel from 6.6 on with CONFIG_IOMMUFD and "
					"CONFIG_VFIO_DEVICE_CDEV, or the type1 backend");
	} else {
		finding = finding_add(search, LIBIOMMUFD_HOST_NO_MODULE, module->name);
		finding_evidence(finding, "there is no such module: %s", module->why);
		finding_remedy(finding, "use a kernel that has it");
	}
}

void check_modules(struct search *search)
{
	struct libiommufd_host_modules modules;

	if (modules_look(search->host, search->device, search->backend, &modules) < 0) {
		search->no_memory = true;
		return;
	}
	strcpy(search->driver, modules.driver);
	for (size_t i = 0; i < modules.count; i++) {
		const struct module *module = &modules.modules[i];
		if (module_is_there(module))
			continue;
		/* Of a driver only its device needs the module, and that is on another one. */
		search->module_missing |= i == 0;
		module_finding(search, module);
	}
}
