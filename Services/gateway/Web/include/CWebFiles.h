// The gateway's pages, as bytes in the program.
#ifndef AIRLOOM_CWEBFILES_H
#define AIRLOOM_CWEBFILES_H

#include <stddef.h>

struct airloom_web_file {
  const char *name;
  const unsigned char *bytes;
  size_t size;
};

/// NULL past the last one.
const struct airloom_web_file *airloom_web_file(size_t index);

#endif
