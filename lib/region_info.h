/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the kernel says about a region. */
#ifndef LIBIOMMUFD_REGION_INFO_H
#define LIBIOMMUFD_REGION_INFO_H

#include "op.h"
#include "sys.h"

struct region_area {
	uint64_t offset, length;
};

struct region_info {
	uint64_t size;
	uint64_t file_offset;
	uint32_t access; /* enum libiommufd_access */
	size_t area_count;
	struct region_area
		*areas; /* what can be mapped, sorted; the owner of the struct frees it */
};

int region_info_read(const struct sys *sys, struct op *op, int fd, uint32_t index,
		     struct region_info *ret_info);

#endif
