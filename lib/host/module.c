/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns kernel modules: which are needed, in which state they are, and loading them. Uses libkmod. */
#include "module.h"

#include <errno.h>
#include <fcntl.h>
#include <libkmod.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "sysfs.h"

/* libkmod would write to standard error. */
static void say_nothing(void *data, int priority, const char *file, int line, const char *fn,
			const char *format, va_list args)
{
	(void)data, (void)priority, (void)file, (void)line, (void)fn, (void)format, (void)args;
}

/* Made anew each time: the configuration may have changed, and it costs a millisecond. */
static struct kmod_ctx *open_kmod(const struct libiommufd_host *host)
{
	struct kmod_ctx *kmod = kmod_new(host->modules_dir, NULL);

	if (kmod)
		kmod_set_log_fn(kmod, say_nothing, NULL);
	return kmod;
}

static bool is_blacklisted(struct kmod_ctx *kmod, struct kmod_module *module)
{
	struct kmod_config_iter *iter = kmod_config_get_blacklists(kmod);
	bool found = false;

	while (iter && !found && kmod_config_iter_next(iter))
		found = !strcmp(kmod_config_iter_get_key(iter), kmod_module_get_name(module));
	kmod_config_iter_free_iter(iter);
	return found;
}

static void set(struct module *module, uint32_t state, const char *why, const char *detail)
{
	module->state = state;
	snprintf(module->why, sizeof(module->why), why, detail);
}

/* Not running: can it be had? */
static void look_at_file(struct kmod_ctx *kmod, struct kmod_module *found, struct module *module)
{
	const char *command = kmod_module_get_install_commands(found);

	if (is_blacklisted(kmod, found))
		set(module, LIBIOMMUFD_HOST_MODULE_BLACKLISTED,
		    "a \"blacklist %s\" stands in modprobe.d or on the kernel's command line",
		    module->name);
	else if (command)
		set(module, LIBIOMMUFD_HOST_MODULE_BLACKLISTED,
		    "modprobe.d has it replaced by the command \"%.80s\"", command);
	else
		set(module, LIBIOMMUFD_HOST_MODULE_NOT_LOADED, "%s", "");
}

static void explain_absence(const struct sys *sys, struct module *module)
{
	struct utsname system;
	char path[160];

	if (uname(&system) < 0)
		return;
	snprintf(path, sizeof(path), "/lib/modules/%.65s/modules.dep", system.release);
	int fd = sys->open(sys, path, O_RDONLY);
	if (fd >= 0) {
		sys->close(sys, fd);
		set(module, LIBIOMMUFD_HOST_MODULE_ABSENT,
		    "Linux %s was built without it, or its package lacks it", system.release);
	} else {
		set(module, LIBIOMMUFD_HOST_MODULE_ABSENT,
		    "the modules of the running Linux %s are not installed; reboot if it was "
		    "updated, and in a container load the module outside",
		    system.release);
	}
}

static bool is_running(const struct sys *sys, struct module *module)
{
	char dir[96], state[16];

	snprintf(dir, sizeof(dir), "/sys/module/%s", module->name);
	/* What is built in has the directory if it has parameters, as all that we ask for have. */
	int r = sysfs_read(sys, dir, "initstate", state, sizeof(state));
	if (r == 0) {
		set(module,
		    strcmp(state, "live") ? LIBIOMMUFD_HOST_MODULE_NOT_LOADED
					  : LIBIOMMUFD_HOST_MODULE_LOADED,
		    "%s", "");
		return !strcmp(state, "live");
	}
	r = sysfs_read(sys, dir, "uevent", state, sizeof(state));
	/* The attribute can only be written; that it is there is what counts. */
	if (r == -ENOENT || r == -ENOTDIR)
		return false;
	set(module, LIBIOMMUFD_HOST_MODULE_BUILT_IN, "%s", "");
	return true;
}

static void look_up(struct kmod_ctx *kmod, const struct sys *sys, struct module *module)
{
	struct kmod_list *list = NULL;

	if (is_running(sys, module))
		return;
	if (kmod_module_new_from_lookup(kmod, module->name, &list) < 0 || !list) {
		explain_absence(sys, module);
		return;
	}
	struct kmod_module *found = kmod_module_get_module(list);
	if (kmod_module_get_initstate(found) == KMOD_MODULE_BUILTIN)
		set(module, LIBIOMMUFD_HOST_MODULE_BUILT_IN, "%s", "");
	else
		look_at_file(kmod, found, module);
	kmod_module_unref(found);
	kmod_module_unref_list(list);
}

/* A driver for just this kind of device: its module has the device's alias with "vfio_" in front. */
static void find_variant(struct kmod_ctx *kmod, const struct sys *sys, const char *sysfs, char *buf,
			 size_t size)
{
	struct kmod_list *list = NULL, *entry;
	char alias[256] = "vfio_";

	if (sysfs_read(sys, sysfs, "modalias", alias + 5, sizeof(alias) - 5) < 0 ||
	    strncmp(alias, "vfio_pci:", 9) || kmod_module_new_from_lookup(kmod, alias, &list) < 0)
		return;
	kmod_list_foreach(entry, list)
	{
		struct kmod_module *module = kmod_module_get_module(entry);
		const char *name = kmod_module_get_name(module);
		if (strcmp(name, "vfio_pci") && strlen(name) < size)
			strcpy(buf, name);
		kmod_module_unref(module);
	}
	kmod_module_unref_list(list);
}

/* The driver for this kind of device, or for all of its bus: the module, and what it calls itself. */
static void name_driver(struct kmod_ctx *kmod, const struct sys *sys,
			const struct libiommufd_host_device *device, char *module, char *driver)
{
	static const char *const names[][2] = {
		{"pci", "vfio_pci"},       {"platform", "vfio_platform"}, {"amba", "vfio_amba"},
		{"fsl-mc", "vfio_fsl_mc"}, {"cdx", "vfio_cdx"},
	};
	char variant[MODULE_NAME] = "";

	if (!strcmp(device->bus, "pci"))
		find_variant(kmod, sys, device->sysfs, variant, sizeof(variant));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(device->bus, names[i][0])) {
			strcpy(module, variant[0] ? variant : names[i][1]);
			snprintf(driver, DEVICE_DRIVER, "vfio-%s", device->bus);
		}
	if (variant[0])
		strcpy(driver, variant);
}

int modules_look(struct libiommufd_host *host, const struct libiommufd_host_device *device,
		 uint32_t backend, struct libiommufd_host_modules *ret_modules)
{
	struct module *modules = ret_modules->modules;
	struct module iommufd = {.name = "iommufd"};
	struct kmod_ctx *kmod = open_kmod(host);

	if (!kmod)
		return -ENOMEM;
	*ret_modules = (struct libiommufd_host_modules){0};
	if (backend == LIBIOMMUFD_BACKEND_NATIVE) {
		strcpy(modules[0].name, "iommufd");
		look_up(kmod, host->sys, &modules[0]);
	} else {
		strcpy(modules[0].name, "vfio_iommu_type1");
		look_up(kmod, host->sys, &modules[0]);
		/* An iommufd can be built to serve /dev/vfio/vfio; type1 then is not. */
		if (modules[0].state == LIBIOMMUFD_HOST_MODULE_ABSENT) {
			look_up(kmod, host->sys, &iommufd);
			if (iommufd.state != LIBIOMMUFD_HOST_MODULE_ABSENT)
				modules[0] = iommufd;
		}
	}
	ret_modules->count = 1;
	/* A device that has its driver needs none, whatever its module is called. */
	if (!device->vfio[0])
		name_driver(kmod, host->sys, device, modules[1].name, ret_modules->driver);
	if (modules[1].name[0]) {
		look_up(kmod, host->sys, &modules[1]);
		ret_modules->count = 2;
	}
	kmod_unref(kmod);
	return 0;
}

int module_look(struct libiommufd_host *host, const char *name, struct module *ret_module)
{
	struct kmod_ctx *kmod = open_kmod(host);

	if (!kmod)
		return -ENOMEM;
	*ret_module = (struct module){0};
	snprintf(ret_module->name, sizeof(ret_module->name), "%s", name);
	look_up(kmod, host->sys, ret_module);
	kmod_unref(kmod);
	return 0;
}

/* The kernel says -EPERM to all of these. */
static int explain_refusal(const struct sys *sys, struct op *op, const char *name, int error)
{
	char text[64];

	if (sysfs_read(sys, "/proc/sys/kernel", "modules_disabled", text, sizeof(text)) == 0 &&
	    text[0] == '1')
		return op_fail(op, error, LIBIOMMUFD_HOST_REASON_MODULE_REFUSED,
			       "this kernel loads no modules until the next boot "
			       "(kernel.modules_disabled)");
	if (host_has_capability(sys, HOST_CAP_SYS_MODULE) == 0)
		return op_fail(op, error, LIBIOMMUFD_REASON_NOT_PERMITTED,
			       "this process may not load modules; run it as root, or \"modprobe "
			       "%s\" as root",
			       name);
	if (sysfs_read(sys, "/sys/kernel/security", "lockdown", text, sizeof(text)) == 0 &&
	    !strstr(text, "[none]"))
		return op_fail(op, error, LIBIOMMUFD_HOST_REASON_MODULE_REFUSED,
			       "the kernel is locked down and takes signed modules only; sign %s, "
			       "or use the distribution's",
			       name);
	return op_fail(op, error, LIBIOMMUFD_HOST_REASON_MODULE_REFUSED,
		       "the kernel refuses it; is it in module_blacklist= on the kernel's command "
		       "line, or its signature wrong?");
}

int module_load(struct libiommufd_host *host, struct op *op, const struct module *module)
{
	struct kmod_list *list = NULL;

	if (module_is_there(module))
		return 0;
	if (module->state == LIBIOMMUFD_HOST_MODULE_ABSENT)
		return op_fail(op, -ENOENT, LIBIOMMUFD_HOST_REASON_MODULE_ABSENT,
			       "there is no module %s: %s", module->name, module->why);
	if (module->state == LIBIOMMUFD_HOST_MODULE_BLACKLISTED)
		return op_fail(op, -EPERM, LIBIOMMUFD_HOST_REASON_MODULE_BLACKLISTED,
			       "%s; remove that, or load %s by hand", module->why, module->name);
	struct kmod_ctx *kmod = open_kmod(host);
	if (!kmod)
		return op_fail(op, -ENOMEM, LIBIOMMUFD_REASON_MEMORY, "no memory");
	int r = kmod_module_new_from_lookup(kmod, module->name, &list);
	if (r >= 0 && list) {
		struct kmod_module *found = kmod_module_get_module(list);
		/* Commands of modprobe.d for what it depends on would start a shell. */
		r = kmod_module_probe_insert_module(found, KMOD_PROBE_IGNORE_COMMAND, NULL, NULL,
						    NULL, NULL);
		kmod_module_unref(found);
		kmod_module_unref_list(list);
	} else if (r >= 0) {
		r = -ENOENT;
	}
	kmod_unref(kmod);
	/* Not what the kernel says to a file that is broken, but to one that nobody vouches for. */
	if (r == -EKEYREJECTED || r == -ENOKEY)
		return op_fail(op, r, LIBIOMMUFD_HOST_REASON_MODULE_REFUSED,
			       "the kernel takes modules only that are signed with a key it knows; "
			       "sign "
			       "%s, or use the distribution's",
			       module->name);
	if (r == -EPERM || r == -EACCES)
		return explain_refusal(host->sys, op, module->name, r);
	if (r < 0)
		return op_fail(op, r, LIBIOMMUFD_HOST_REASON_MODULE_REFUSED,
			       "%s cannot be loaded: %s", module->name, strerrordesc_np(-r));
	return 0;
}
