// A TOML 1.0 document as a stream of events, by toml++ (header-only, without exceptions).
#ifndef AIRLOOM_CTOML_H
#define AIRLOOM_CTOML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum airloom_toml_kind {
  AIRLOOM_TOML_BEGIN_TABLE,
  AIRLOOM_TOML_END_TABLE,
  AIRLOOM_TOML_BEGIN_ARRAY,
  AIRLOOM_TOML_END_ARRAY,
  AIRLOOM_TOML_STRING,
  AIRLOOM_TOML_INTEGER,
  AIRLOOM_TOML_FLOAT,
  AIRLOOM_TOML_BOOLEAN,
  AIRLOOM_TOML_OFFSET_DATE_TIME, // these four come as text in RFC 3339's forms
  AIRLOOM_TOML_LOCAL_DATE_TIME,
  AIRLOOM_TOML_LOCAL_DATE,
  AIRLOOM_TOML_LOCAL_TIME,
};

/// Lines and columns count from 1; columns count code points. Zero where a thing has no place of
/// its own (the root, a table that only its children's headers make).
struct airloom_toml_event {
  enum airloom_toml_kind kind;
  const char *key; // NULL in arrays, at the root and at ends; not terminated
  size_t key_length;
  uint32_t key_line, key_column;
  uint32_t line, column;
  const char *text; // strings and dates; not terminated
  size_t text_length;
  int64_t integer;
  double number;
  bool boolean;
};

struct airloom_toml_error {
  uint32_t line, column;
  char message[512]; // UTF-8, cut when too long
};

/// Calls back for each event of a good document and returns true; for a bad one calls nothing,
/// fills the error and returns false. Everything in an event is valid during the call only.
bool airloom_toml_parse(const char *document, size_t length,
                        void (*on_event)(void *context, const struct airloom_toml_event *event),
                        void *context, struct airloom_toml_error *error);

#ifdef __cplusplus
}
#endif
#endif
