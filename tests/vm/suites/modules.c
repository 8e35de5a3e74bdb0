/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs what becomes of kernel modules: absent, loaded, not loaded, forbidden by modprobe.d, refused by the
 * kernel. Needs one edu and the lab's --no-bind. Each test starts with none of them loaded.
 */
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "behaviours.h"
#include "hostbench.h"

#define CONFIG "/etc/modprobe.d/zz-libiommufd-test.conf"

static const char *main_module(void)
{
	return natively(hostbench_is_native(), BEHAVIOUR_NAMES) ? "iommufd" : "vfio_iommu_type1";
}

static int without_modules(void **state)
{
	(void)state;
	unlink(CONFIG);
	hostbench_shell("/sbin/modprobe -r vfio_pci vfio_iommu_type1 iommufd vfio 2>/dev/null; "
			"/sbin/modprobe -r vfio_iommu_type1 vfio iommufd 2>/dev/null; "
			"! [ -e /sys/module/vfio ]");
	return 0;
}

/* The states of the two modules that an edu needs, and which they are. */
static void assert_states(uint32_t main_state, uint32_t driver_state)
{
	struct libiommufd_host_modules *modules;

	assert_host_ok(libiommufd_host_query_modules(host, bench_name("EDU0"), hostbench_backend(),
						     &modules));
	assert_int_equal(libiommufd_host_modules_get_count(modules), 2);
	assert_string_equal(libiommufd_host_modules_get_name(modules, 0), main_module());
	assert_string_equal(libiommufd_host_modules_get_name(modules, 1), "vfio_pci");
	assert_int_equal(libiommufd_host_modules_get_state(modules, 0), main_state);
	assert_int_equal(libiommufd_host_modules_get_state(modules, 1), driver_state);
	assert_null(libiommufd_host_modules_get_name(modules, 2));
	assert_int_equal(libiommufd_host_modules_get_state(modules, 2), 0);
	assert_null(libiommufd_host_modules_free(modules));
}

static int load(void)
{
	return libiommufd_host_load_modules(host, bench_name("EDU0"), hostbench_backend());
}

static void modules_that_are_not_loaded_are_told_and_can_be_loaded(void **state)
{
	struct libiommufd_host_purpose open = hostbench_purpose(LIBIOMMUFD_HOST_TO_OPEN);
	(void)state;

	assert_states(LIBIOMMUFD_HOST_MODULE_NOT_LOADED, LIBIOMMUFD_HOST_MODULE_NOT_LOADED);
	assert_findings(bench_name("EDU0"), &open, LIBIOMMUFD_HOST_MODULE_UNLOADED,
			LIBIOMMUFD_HOST_MODULE_UNLOADED, LIBIOMMUFD_HOST_NOT_VFIO_DRIVER);
	assert_string_equal(libiommufd_host_finding_get_subject(hostbench_finding(0)),
			    main_module());
	assert_says(0, "modprobe");
	assert_host_ok(load());
	assert_states(LIBIOMMUFD_HOST_MODULE_LOADED, LIBIOMMUFD_HOST_MODULE_LOADED);
	assert_findings(bench_name("EDU0"), &open, LIBIOMMUFD_HOST_NOT_VFIO_DRIVER);
	/* And again, where nothing is to be done. */
	assert_host_ok(load());
}

static void a_blacklisted_module_is_not_loaded_and_the_reason_told(void **state)
{
	struct libiommufd_host_purpose open = hostbench_purpose(LIBIOMMUFD_HOST_TO_OPEN);
	(void)state;

	hostbench_shell("echo blacklist vfio-pci >" CONFIG);
	assert_states(LIBIOMMUFD_HOST_MODULE_NOT_LOADED, LIBIOMMUFD_HOST_MODULE_BLACKLISTED);
	assert_findings(bench_name("EDU0"), &open, LIBIOMMUFD_HOST_MODULE_UNLOADED,
			LIBIOMMUFD_HOST_MODULE_FORBIDDEN, LIBIOMMUFD_HOST_NOT_VFIO_DRIVER);
	assert_says(1, "\"blacklist vfio_pci\" stands in modprobe.d");
	assert_host_refused(load(), EPERM, LIBIOMMUFD_HOST_REASON_MODULE_BLACKLISTED);
	assert_int_equal(access("/sys/module/vfio_pci", F_OK), -1);

	hostbench_shell("echo install vfio-pci /bin/false >" CONFIG);
	assert_states(LIBIOMMUFD_HOST_MODULE_LOADED, LIBIOMMUFD_HOST_MODULE_BLACKLISTED);
	assert_findings(bench_name("EDU0"), &open, LIBIOMMUFD_HOST_MODULE_FORBIDDEN,
			LIBIOMMUFD_HOST_NOT_VFIO_DRIVER);
	assert_says(0, "/bin/false");
	assert_host_refused(load(), EPERM, LIBIOMMUFD_HOST_REASON_MODULE_BLACKLISTED);
	assert_int_equal(access("/sys/module/vfio_pci", F_OK), -1);

	unlink(CONFIG);
	assert_host_ok(load());
}

static void who_may_not_load_modules_is_told_apart_from_a_kernel_that_refuses(void **state)
{
	(void)state;
	bench_use_capability(CAP_SYS_MODULE, false);
	int r = load();
	bench_use_capability(CAP_SYS_MODULE, true);
	assert_host_refused(r, EPERM, LIBIOMMUFD_REASON_NOT_PERMITTED);
	assert_states(LIBIOMMUFD_HOST_MODULE_NOT_LOADED, LIBIOMMUFD_HOST_MODULE_NOT_LOADED);
}

static void a_module_that_is_not_there_is_told_with_the_kernel(void **state)
{
	struct libiommufd_host_purpose open = hostbench_purpose(LIBIOMMUFD_HOST_TO_OPEN);
	(void)state;

	/* A kernel that was updated has lost its modules. */
	hostbench_shell("mount -t tmpfs none /lib/modules/$(uname -r)");
	assert_states(LIBIOMMUFD_HOST_MODULE_ABSENT, LIBIOMMUFD_HOST_MODULE_ABSENT);
	assert_findings(bench_name("EDU0"), &open,
			natively(hostbench_is_native(), BEHAVIOUR_NAMES)
				? LIBIOMMUFD_HOST_NO_IOMMUFD
				: LIBIOMMUFD_HOST_NO_MODULE,
			LIBIOMMUFD_HOST_NO_MODULE, LIBIOMMUFD_HOST_NOT_VFIO_DRIVER);
	assert_says(0, "reboot if it was updated");
	assert_host_refused(load(), ENOENT, LIBIOMMUFD_HOST_REASON_MODULE_ABSENT);
	struct libiommufd_host_modules *modules;
	assert_host_ok(libiommufd_host_query_modules(host, bench_name("EDU0"), hostbench_backend(),
						     &modules));
	assert_non_null(strstr(libiommufd_host_modules_get_why(modules, 1), "reboot"));
	libiommufd_host_modules_free(modules);
	hostbench_shell("umount /lib/modules/$(uname -r)");
	assert_states(LIBIOMMUFD_HOST_MODULE_NOT_LOADED, LIBIOMMUFD_HOST_MODULE_NOT_LOADED);
}

/* The backend that findings are for when none is asked for, as this user. */
static uint32_t backend_for(uid_t uid)
{
	struct libiommufd_host_purpose any = {.size = sizeof(any),
					      .purpose = LIBIOMMUFD_HOST_TO_OPEN};
	struct libiommufd_host_findings *found;

	assert_int_equal(seteuid(uid), 0);
	int r = libiommufd_host_query_findings(host, bench_name("EDU0"), &any, &found);
	assert_int_equal(seteuid(0), 0);
	assert_host_ok(r);
	uint32_t backend = libiommufd_host_findings_get_backend(found);
	libiommufd_host_findings_free(found);
	return backend;
}

/* What needs the least to be done: first what can be opened, then what is there, then what can be loaded. */
static void the_backend_is_the_one_that_is_nearest(void **state)
{
	bool has_iommufd = system("/sbin/modinfo iommufd >/dev/null 2>&1") == 0;
	uint32_t best = has_iommufd ? LIBIOMMUFD_BACKEND_NATIVE : LIBIOMMUFD_BACKEND_TYPE1;
	char wish[16];
	(void)state;

	/* What the environment asks for goes before what is near. */
	snprintf(wish, sizeof(wish), "%s", getenv("LIBIOMMUFD_BACKEND"));
	assert_int_equal(backend_for(0), hostbench_backend());
	unsetenv("LIBIOMMUFD_BACKEND");
	assert_int_equal(backend_for(0), best);
	/* It brings an iommufd along, where the kernel has one; a container need not have its node. */
	hostbench_shell("/sbin/modprobe vfio && chmod 0600 /dev/vfio/vfio && "
			"if [ -e /dev/iommu ]; then mv /dev/iommu /dev/away; fi");
	assert_int_equal(backend_for(0), LIBIOMMUFD_BACKEND_TYPE1);
	assert_int_equal(backend_for(1000), LIBIOMMUFD_BACKEND_TYPE1);
	if (!has_iommufd)
		goto restore;
	hostbench_shell("mv /dev/away /dev/iommu && chmod 0600 /dev/iommu");
	assert_int_equal(backend_for(0), LIBIOMMUFD_BACKEND_NATIVE);
	assert_int_equal(backend_for(1000), LIBIOMMUFD_BACKEND_NATIVE);
	hostbench_shell("chmod 0666 /dev/vfio/vfio");
	assert_int_equal(backend_for(1000), LIBIOMMUFD_BACKEND_TYPE1);
	hostbench_shell("chmod 0666 /dev/iommu");
	assert_int_equal(backend_for(1000), LIBIOMMUFD_BACKEND_NATIVE);
restore:
	setenv("LIBIOMMUFD_BACKEND", wish, 1);
}

static void wrong_arguments_are_refused(void **state)
{
	struct libiommufd_host_modules *modules = NULL;
	(void)state;

	assert_host_refused(libiommufd_host_query_modules(host, bench_name("EDU0"), 0, &modules),
			    EINVAL, LIBIOMMUFD_REASON_ARGUMENT);
	assert_host_refused(libiommufd_host_query_modules(host, "0000:99:00.0", 1, &modules),
			    ENODEV, LIBIOMMUFD_REASON_NO_SUCH_DEVICE);
	assert_host_refused(libiommufd_host_query_modules(host, NULL, 1, &modules), EINVAL,
			    LIBIOMMUFD_REASON_ARGUMENT);
	assert_host_refused(libiommufd_host_load_modules(NULL, "", 1), EINVAL,
			    LIBIOMMUFD_REASON_ARGUMENT);
	assert_null(modules);
}

/* The last one: there is no way back until the next boot. */
static void a_kernel_that_takes_no_modules_any_more_is_told(void **state)
{
	(void)state;
	assert_int_equal(hostbench_write("/proc/sys/kernel/modules_disabled", "1"), 0);
	assert_host_refused(load(), EPERM, LIBIOMMUFD_HOST_REASON_MODULE_REFUSED);
	assert_non_null(strstr(libiommufd_host_last_error()->text, "until the next boot"));
}

/* A kernel that is locked down takes no module without a signature. Debian's can be, and until the next boot. */
static void a_kernel_that_is_locked_down_is_told_apart(void **state)
{
	const char *find = "find /lib/modules/$(uname -r) -name vfio-pci.ko";
	(void)state;

	hostbench_shell("mount -t securityfs none /sys/kernel/security && "
			"echo integrity >/sys/kernel/security/lockdown");
	hostbench_shell("objcopy --strip-debug $(%s) /tmp/unsigned.ko && "
			"mount --bind /tmp/unsigned.ko $(%s)",
			find, find);
	assert_host_refused(load(), EPERM, LIBIOMMUFD_HOST_REASON_MODULE_REFUSED);
	assert_non_null(strstr(libiommufd_host_last_error()->text, "locked down"));
	assert_int_equal(access("/sys/module/vfio_pci", F_OK), -1);
	hostbench_shell("umount $(%s)", find);
	assert_host_ok(load());
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup(test, without_modules)
	const struct CMUnitTest tests[] = {
		TEST(modules_that_are_not_loaded_are_told_and_can_be_loaded),
		TEST(a_blacklisted_module_is_not_loaded_and_the_reason_told),
		TEST(who_may_not_load_modules_is_told_apart_from_a_kernel_that_refuses),
		TEST(a_module_that_is_not_there_is_told_with_the_kernel),
		TEST(the_backend_is_the_one_that_is_nearest),
		TEST(wrong_arguments_are_refused),
		TEST(a_kernel_that_takes_no_modules_any_more_is_told),
	};

	const struct CMUnitTest locked_down[] = {
		TEST(a_kernel_that_is_locked_down_is_told_apart),
	};

	bench_begin();
	if (!strcmp(getenv("LAB_KERNEL"), "stock-6.1") &&
	    cmocka_run_group_tests_name("lockdown", locked_down, hostbench_setup,
					hostbench_teardown) != 0)
		return 1;
	return cmocka_run_group_tests_name("modules", tests, hostbench_setup, hostbench_teardown);
}
