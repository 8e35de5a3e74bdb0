/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs a bind that is refused because interrupts cannot be isolated. Needs one edu behind virtio-iommu. */
#include "behaviours.h"
#include "bench.h"

static void a_bind_without_interrupt_remapping_is_refused(void **state)
{
	struct bench *b = *state;
	uint32_t value;

	for (int i = 0; i < 2; i++) {
		assert_refused(libiommufd_device_bind(b->dev, NULL), EPERM, UNSAFE_INTERRUPTS);
		assert_sentence("allow_unsafe_interrupts=1");
		assert_sentence(natively(b->native, BEHAVIOUR_NAMES) ? "iommufd."
								     : "vfio_iommu_type1.");
		assert_state(b->dev, OPENED, KERNEL, NULL);
		assert_refused(libiommufd_device_config_read32(b->dev, 0, &value), EACCES,
			       NOT_BOUND);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		bench_test(a_bind_without_interrupt_remapping_is_refused, bench_setup_opened),
	};

	bench_begin();
	return cmocka_run_group_tests_name("unsafe", tests, NULL, NULL);
}
