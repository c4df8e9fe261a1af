/* SPDX-License-Identifier: BSD-3-Clause */
/* flow.h - which flow a frame belongs to, for spreading flows over queues */
#ifndef WEIR_PORT_FLOW_H
#define WEIR_PORT_FLOW_H

#include "base/types.h"

/* Equal for the packets of both directions of a flow, fragments of its
 * addresses only; 0 for what is not IP.  VLAN tags are looked through. */
u32 flow_hash(const u8 *frame, u32 len);

#endif
