#include <zmq.h>

// Named only in the draft part of the header, but the library of every 4.3 build knows it
// (options.cpp); a library that does not refuses the call, and the bus does not open.
#ifndef ZMQ_ZAP_ENFORCE_DOMAIN
#define ZMQ_ZAP_ENFORCE_DOMAIN 93
#endif
