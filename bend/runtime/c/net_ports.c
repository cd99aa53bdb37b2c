/* ---- Ports of nets ------------------------------------------------------------------------------ */

/* The tags of ports, in their lowest four bits; labels and values lie above. */
enum { NET_VARIABLE, NET_REFERENCE, NET_ERASER, NET_NUMBER, NET_CON, NET_DUP, NET_OPR, NET_SWI };

#define NET_TAG(port) ((port) & 15)
#define NET_VALUE(port) ((port) >> 24)
#define NET_PORT(tag, value) ((u64)(value) << 24 | (u64)(tag))
#define NET_KIND(port) ((port) & 0xffffff)
