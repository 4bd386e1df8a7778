#include "include/CToml.h"

#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>

// toml++ 3.3.0 states too early that a key begins with a key's character: `[.]` and `[` at the end of
// a line reach that statement, and the code below it refuses them as it should. Left as it is, the
// statement aborts a debug build and lets the optimiser of a release build (NDEBUG) assume a
// falsehood. So its assertions and assumptions are switched off.
#undef NDEBUG
#define TOML_ASSERT(expression) static_cast<void>(0)
#include <toml++/toml.h>

namespace {

using Callback = void (*)(void *, const airloom_toml_event *);

struct Walker {
  Callback callback;
  void *context;

  void emit(airloom_toml_event &event) { callback(context, &event); }

  static void place(airloom_toml_event &event, const toml::node &node) {
    event.line = node.source().begin.line;
    event.column = node.source().begin.column;
  }

  static void text(airloom_toml_event &event, const std::string &value) {
    event.text = value.data();
    event.text_length = value.size();
  }

  void end(airloom_toml_kind kind) {
    airloom_toml_event event{};
    event.kind = kind;
    emit(event);
  }

  // The depth is bounded by toml++ itself (TOML_MAX_NESTED_VALUES, 256).
  void walk(const toml::node &node, airloom_toml_event event) {
    place(event, node);
    if (const auto *table = node.as_table()) {
      event.kind = AIRLOOM_TOML_BEGIN_TABLE;
      emit(event);
      for (const auto &[key, value] : *table) {
        airloom_toml_event child{};
        child.key = key.str().data();
        child.key_length = key.str().size();
        child.key_line = key.source().begin.line;
        child.key_column = key.source().begin.column;
        walk(value, child);
      }
      end(AIRLOOM_TOML_END_TABLE);
    } else if (const auto *array = node.as_array()) {
      event.kind = AIRLOOM_TOML_BEGIN_ARRAY;
      emit(event);
      for (const auto &value : *array) walk(value, airloom_toml_event{});
      end(AIRLOOM_TOML_END_ARRAY);
    } else {
      scalar(node, event);
    }
  }

  void scalar(const toml::node &node, airloom_toml_event event) {
    std::string holder;
    if (const auto *value = node.as_string()) {
      event.kind = AIRLOOM_TOML_STRING;
      text(event, value->get());
    } else if (const auto *value = node.as_integer()) {
      event.kind = AIRLOOM_TOML_INTEGER;
      event.integer = value->get();
    } else if (const auto *value = node.as_floating_point()) {
      event.kind = AIRLOOM_TOML_FLOAT;
      event.number = value->get();
    } else if (const auto *value = node.as_boolean()) {
      event.kind = AIRLOOM_TOML_BOOLEAN;
      event.boolean = value->get();
    } else if (const auto *value = node.as_date()) {
      event.kind = AIRLOOM_TOML_LOCAL_DATE;
      holder = written(value->get());
      text(event, holder);
    } else if (const auto *value = node.as_time()) {
      event.kind = AIRLOOM_TOML_LOCAL_TIME;
      holder = written(value->get());
      text(event, holder);
    } else if (const auto *value = node.as_date_time()) {
      const toml::date_time &moment = value->get();
      event.kind =
          moment.offset ? AIRLOOM_TOML_OFFSET_DATE_TIME : AIRLOOM_TOML_LOCAL_DATE_TIME;
      holder = written(moment.date) + "T" + written(moment.time);
      if (moment.offset) holder += written(*moment.offset);
      text(event, holder);
    }
    emit(event);
  }

  static std::string written(const toml::date &date) {
    char buffer[16];
    std::snprintf(buffer, sizeof buffer, "%04u-%02u-%02u", unsigned(date.year),
                  unsigned(date.month), unsigned(date.day));
    return buffer;
  }

  static std::string written(const toml::time &time) {
    char buffer[32];
    std::snprintf(buffer, sizeof buffer, "%02u:%02u:%02u", unsigned(time.hour),
                  unsigned(time.minute), unsigned(time.second));
    std::string result = buffer;
    if (time.nanosecond) {
      std::snprintf(buffer, sizeof buffer, ".%09u", unsigned(time.nanosecond));
      result += buffer;
      result.erase(result.find_last_not_of('0') + 1);
    }
    return result;
  }

  static std::string written(const toml::time_offset &offset) {
    if (offset.minutes == 0) return "Z";
    const unsigned minutes = unsigned(offset.minutes < 0 ? -offset.minutes : offset.minutes);
    char buffer[16];
    std::snprintf(buffer, sizeof buffer, "%c%02u:%02u", offset.minutes < 0 ? '-' : '+',
                  minutes / 60, minutes % 60);
    return buffer;
  }
};

} // namespace

extern "C" bool airloom_toml_parse(const char *document, size_t length, Callback on_event,
                                   void *context, airloom_toml_error *error) {
  const toml::parse_result result = toml::parse(std::string_view(document, length));
  if (!result) {
    const toml::parse_error &cause = result.error();
    error->line = cause.source().begin.line;
    error->column = cause.source().begin.column;
    std::snprintf(error->message, sizeof error->message, "%.*s",
                  int(cause.description().size()), cause.description().data());
    return false;
  }
  Walker{on_event, context}.walk(result.table(), airloom_toml_event{});
  return true;
}
