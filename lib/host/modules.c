/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the public calls about the modules that a device needs. */
#include "module.h"

#include <errno.h>
#include <stdlib.h>

static int get_modules(struct libiommufd_host *host, struct op *op, const char *name,
		       uint32_t backend, struct libiommufd_host_modules *modules)
{
	struct libiommufd_host_devices *devices;

	if (backend != LIBIOMMUFD_BACKEND_NATIVE && backend != LIBIOMMUFD_BACKEND_TYPE1)
		return op_fail(op, -EINVAL, LIBIOMMUFD_REASON_ARGUMENT,
			       "the backend is neither native nor type1");
	int r = device_find(host, op, name, &devices);
	if (r < 0)
		return r;
	r = modules_look(host, &devices->devices[0], backend, modules);
	libiommufd_host_devices_free(devices);
	return r < 0 ? op_fail(op, r, LIBIOMMUFD_REASON_MEMORY, "no memory") : 0;
}

EXPORT int libiommufd_host_query_modules(struct libiommufd_host *host, const char *name,
					 uint32_t backend,
					 struct libiommufd_host_modules **ret_modules)
{
	struct libiommufd_host_modules *modules;
	struct op op;

	op_begin(&op, "query_modules", name ? name : "", host_log(host));
	if (!host || !name || !ret_modules)
		return op_end(&op, op_null(&op, "host, name or ret_modules"));
	modules = calloc(1, sizeof(*modules));
	if (!modules)
		return op_end(&op, op_fail(&op, -ENOMEM, LIBIOMMUFD_REASON_MEMORY, "no memory"));
	int r = get_modules(host, &op, name, backend, modules);
	if (r < 0)
		free(modules);
	else
		*ret_modules = modules;
	return op_end(&op, r);
}

EXPORT int libiommufd_host_load_modules(struct libiommufd_host *host, const char *name,
					uint32_t backend)
{
	struct libiommufd_host_modules modules;
	struct op op;

	op_begin(&op, "load_modules", name ? name : "", host_log(host));
	if (!host || !name)
		return op_end(&op, op_null(&op, "host or name"));
	int r = get_modules(host, &op, name, backend, &modules);
	for (size_t i = 0; r == 0 && i < modules.count; i++)
		r = module_load(host, &op, &modules.modules[i]);
	return op_end(&op, r);
}

EXPORT size_t libiommufd_host_modules_get_count(const struct libiommufd_host_modules *modules)
{
	return modules ? modules->count : 0;
}

EXPORT const char *libiommufd_host_modules_get_name(const struct libiommufd_host_modules *modules,
						    size_t index)
{
	return modules && index < modules->count ? modules->modules[index].name : NULL;
}

EXPORT uint32_t libiommufd_host_modules_get_state(const struct libiommufd_host_modules *modules,
						  size_t index)
{
	return modules && index < modules->count ? modules->modules[index].state : 0;
}

EXPORT const char *libiommufd_host_modules_get_why(const struct libiommufd_host_modules *modules,
						   size_t index)
{
	return modules && index < modules->count ? modules->modules[index].why : NULL;
}

EXPORT struct libiommufd_host_modules *
libiommufd_host_modules_free(struct libiommufd_host_modules *modules)
{
	free(modules);
	return NULL;
}
