/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What depmod reads of a module: its name, and what it is an alias of. Never loaded. */
#define INFO(name, text) \
	static const char name[] __attribute__((section(".modinfo"), used, aligned(1))) = text

INFO(module_name, "name=" NAME);
INFO(module_license, "license=GPL");
#ifdef ALIAS
INFO(module_alias, "alias=" ALIAS);
#endif
