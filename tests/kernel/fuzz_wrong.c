/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the calls that must fail, and change nothing. */
#include "fuzz.h"

enum {
	FIXED = MAP_FIXED_AT | MAP_BOTH,
	DEAD = 0x7ffffff0, /* an id that is never there */
};

/* The last page of all. */
#define TOP (UINT64_MAX - PAGE + 1)

union argument {
	uint32_t words[32];
	struct iommu_destroy destroy;
	struct iommu_ioas_alloc alloc;
	struct iommu_ioas_allow_iovas allow;
	struct iommu_ioas_copy copy;
	struct iommu_ioas_iova_ranges ranges;
	struct iommu_ioas_map map;
	struct iommu_ioas_unmap unmap;
	struct iommu_option option;
	struct iommu_hwpt_alloc hwpt;
	struct iommu_hw_info info;
};

static const struct {
	unsigned long request;
	uint32_t size, least;
} calls[] = {
	{IOMMU_DESTROY, 8, 8},
	{IOMMU_IOAS_ALLOC, 12, 12},
	{IOMMU_IOAS_ALLOW_IOVAS, 24, 24},
	{IOMMU_IOAS_COPY, 40, 40},
	{IOMMU_IOAS_IOVA_RANGES, 32, 32},
	{IOMMU_IOAS_MAP, 40, 40},
	{IOMMU_IOAS_UNMAP, 24, 24},
	{IOMMU_OPTION, 24, 24},
	{IOMMU_VFIO_IOAS, 12, 12},
	{IOMMU_HWPT_ALLOC, 48, 24},
	{IOMMU_GET_HW_INFO, 40, 32},
};

static int bad_size(struct random *random, int iommu, int *ret_error)
{
	unsigned n = below(random, sizeof(calls) / sizeof(calls[0]));
	union argument a;

	memset(&a, 0, sizeof(a));
	if (below(random, 2)) {
		a.words[0] = below(random, calls[n].least);
		*ret_error = EINVAL;
	} else {
		a.words[0] = 128;
		a.words[14 + below(random, 18)] = 1 + below(random, 1000);
		*ret_error = E2BIG;
	}
	return call(iommu, calls[n].request, &a);
}

/* Words that mean nothing, for calls that cannot do anything with them but fail or answer a question. */
static int noise(struct random *random, int iommu, int *ret_error)
{
	static const unsigned long requests[] = {IOMMU_IOAS_ALLOW_IOVAS, IOMMU_IOAS_COPY,
						 IOMMU_IOAS_IOVA_RANGES, IOMMU_IOAS_MAP,
						 IOMMU_IOAS_UNMAP,       IOMMU_OPTION,
						 IOMMU_HWPT_ALLOC,       IOMMU_GET_HW_INFO};
	static const uint32_t sizes[] = {24, 40, 32, 40, 24, 24, 48, 40};
	unsigned n = below(random, 8);
	union argument a;

	for (size_t i = 0; i < sizeof(a) / 4; i++)
		a.words[i] = next(random) >> below(random, 32);
	a.words[0] = sizes[n];
	/* No id is as large as that. */
	for (size_t i = 1; i < 4; i++)
		a.words[i] |= 0x40000000;
	*ret_error = 0;
	return call(iommu, requests[n], &a);
}

static int bad_map(struct random *random, int iommu, uint32_t ioas, int *ret_error)
{
	struct iommu_ioas_map a = {.size = sizeof(a),
				   .flags = FIXED,
				   .ioas_id = ioas,
				   .user_va = (uintptr_t)region(0),
				   .length = PAGE,
				   .iova = 0x8000000};

	switch (below(random, 7)) {
	case 0:
		a.flags |= 8u << below(random, 29);
		*ret_error = EOPNOTSUPP;
		break;
	case 1:
		a.__reserved = 1 + below(random, 100);
		*ret_error = EOPNOTSUPP;
		break;
	case 2:
		a.length = 0;
		*ret_error = EINVAL;
		break;
	case 3:
		a.flags = MAP_FIXED_AT;
		*ret_error = EINVAL;
		break;
	case 4:
		a.iova = TOP;
		a.length = (2 + (uint64_t)below(random, 100)) * PAGE;
		*ret_error = EOVERFLOW;
		break;
	case 5:
		a.user_va = TOP;
		a.length = (2 + (uint64_t)below(random, 100)) * PAGE;
		*ret_error = EOVERFLOW;
		break;
	default:
		a.ioas_id = DEAD;
		*ret_error = ENOENT;
	}
	return call(iommu, IOMMU_IOAS_MAP, &a);
}

static int bad_copy(struct random *random, int iommu, uint32_t ioas, int *ret_error)
{
	struct iommu_ioas_copy a = {.size = sizeof(a),
				    .flags = FIXED,
				    .dst_ioas_id = ioas,
				    .src_ioas_id = ioas,
				    .length = PAGE,
				    .dst_iova = 0x8000000,
				    .src_iova = 0x9000000};

	*ret_error = ENOENT;
	switch (below(random, 6)) {
	case 0:
		/* Bit 16 is taken where the kernel has its own tests built in. */
		a.flags |= 1u << 17 << below(random, 15);
		*ret_error = EOPNOTSUPP;
		break;
	case 1:
		a.src_iova = TOP;
		a.length = (2 + (uint64_t)below(random, 100)) * PAGE;
		*ret_error = EOVERFLOW;
		break;
	case 2:
		a.src_ioas_id = DEAD;
		break;
	case 3:
		a.dst_ioas_id = DEAD;
		*ret_error = 0;
		break;
	case 4:
		a.length = 0;
		*ret_error = EINVAL;
		break;
	}
	return call(iommu, IOMMU_IOAS_COPY, &a);
}

static int bad_table(struct random *random, int iommu, uint32_t ioas, uint32_t dev, int *ret_error)
{
	struct iommu_hwpt_alloc a = {.size = sizeof(a), .dev_id = dev, .pt_id = ioas};

	*ret_error = EOPNOTSUPP;
	switch (below(random, 5)) {
	case 0:
		a.flags = 16u << below(random, 28);
		break;
	case 1:
		a.__reserved = 1;
		break;
	case 2:
		a.data_len = 8;
		*ret_error = EINVAL;
		break;
	case 3:
		a.dev_id = DEAD;
		*ret_error = ENOENT;
		break;
	default:
		a.pt_id = DEAD;
		*ret_error = EINVAL;
	}
	/* Without a device there is one error more to choose from. */
	if (!dev)
		*ret_error = 0;
	return call(iommu, IOMMU_HWPT_ALLOC, &a);
}

static int bad_lists(struct random *random, int iommu, uint32_t ioas, int *ret_error)
{
	struct iommu_iova_range ranges[2] = {{0x1000, 0x1fff}, {0x1800, 0x2fff}};
	struct iommu_ioas_allow_iovas a = {.size = sizeof(a),
					   .ioas_id = ioas,
					   .num_iovas = 2,
					   .allowed_iovas = (uintptr_t)ranges};

	*ret_error = EINVAL;
	switch (below(random, 4)) {
	case 0:
		ranges[0] = (struct iommu_iova_range){2, 1};
		break;
	case 1:
		a.allowed_iovas = 8;
		*ret_error = EFAULT;
		break;
	case 2:
		a.__reserved = 7;
		*ret_error = EOPNOTSUPP;
		break;
	}
	return call(iommu, IOMMU_IOAS_ALLOW_IOVAS, &a);
}

int wrong_call(struct random *random, int iommu, uint32_t ioas, uint32_t dev, const char **ret_what,
	       int *ret_error)
{
	switch (below(random, 8)) {
	case 0:
		*ret_what = "wrong size";
		return bad_size(random, iommu, ret_error);
	case 1:
		*ret_what = "noise";
		return noise(random, iommu, ret_error);
	case 2:
		*ret_what = "wrong map";
		return bad_map(random, iommu, ioas, ret_error);
	case 3:
		*ret_what = "wrong copy";
		return bad_copy(random, iommu, ioas, ret_error);
	case 4:
		*ret_what = "wrong table";
		return bad_table(random, iommu, ioas, dev, ret_error);
	case 5:
		*ret_what = "wrong list";
		return bad_lists(random, iommu, ioas, ret_error);
	case 6: {
		uint32_t word = 4;

		*ret_what = "no such call";
		*ret_error = ENOTTY;
		return call(iommu, 0x3bb0 + below(random, 0x50), &word);
	}
	default:
		*ret_what = "wrong id";
		*ret_error = ENOENT;
		return iommu_destroy(iommu, DEAD);
	}
}
