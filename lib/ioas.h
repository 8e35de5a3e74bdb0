/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a device needs of an address space. */
#ifndef LIBIOMMUFD_IOAS_H
#define LIBIOMMUFD_IOAS_H

#include "backend/backend.h"

struct libiommufd_ctx *ioas_ctx(const struct libiommufd_ioas *ioas);
struct backend_ioas *ioas_backend(const struct libiommufd_ioas *ioas);
/* The name used in errors; "ioas 3". */
const char *ioas_name(const struct libiommufd_ioas *ioas);

#endif
