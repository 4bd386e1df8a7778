// libcurl, with the variadic calls that Swift cannot import wrapped by argument type.
#ifndef AIRLOOM_CCURL_H
#define AIRLOOM_CCURL_H

// The type checks are macros around the variadic calls and get in the way of wrapping them.
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

static inline CURLcode airloom_curl_set_long(CURL *easy, CURLoption option, long value) {
  return curl_easy_setopt(easy, option, value);
}

static inline CURLcode airloom_curl_set_size(CURL *easy, CURLoption option, curl_off_t value) {
  return curl_easy_setopt(easy, option, value);
}

static inline CURLcode airloom_curl_set_text(CURL *easy, CURLoption option, const char *value) {
  return curl_easy_setopt(easy, option, value);
}

static inline CURLcode airloom_curl_set_pointer(CURL *easy, CURLoption option, const void *value) {
  return curl_easy_setopt(easy, option, value);
}

static inline CURLcode airloom_curl_set_list(CURL *easy, CURLoption option,
                                             struct curl_slist *value) {
  return curl_easy_setopt(easy, option, value);
}

/// For CURLOPT_WRITEFUNCTION and CURLOPT_HEADERFUNCTION.
static inline CURLcode airloom_curl_set_receiver(CURL *easy, CURLoption option,
                                                 curl_write_callback value) {
  return curl_easy_setopt(easy, option, value);
}

/// For CURLOPT_OPENSOCKETFUNCTION.
static inline CURLcode airloom_curl_set_opener(CURL *easy, curl_opensocket_callback value) {
  return curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, value);
}

static inline CURLcode airloom_curl_set_reader(CURL *easy, curl_read_callback value) {
  return curl_easy_setopt(easy, CURLOPT_READFUNCTION, value);
}

static inline CURLcode airloom_curl_set_seeker(CURL *easy, curl_seek_callback value) {
  return curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, value);
}

/// Called at least once a second while a transfer runs; anything but 0 ends it.
static inline CURLcode airloom_curl_set_watcher(CURL *easy, curl_xferinfo_callback value) {
  return curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, value);
}

static inline CURLcode airloom_curl_get_long(CURL *easy, CURLINFO info, long *value) {
  return curl_easy_getinfo(easy, info, value);
}

static inline CURLcode airloom_curl_get_size(CURL *easy, CURLINFO info, curl_off_t *value) {
  return curl_easy_getinfo(easy, info, value);
}

static inline CURLcode airloom_curl_get_text(CURL *easy, CURLINFO info, char **value) {
  return curl_easy_getinfo(easy, info, value);
}

static inline CURLMcode airloom_curl_multi_set_long(CURLM *multi, CURLMoption option, long value) {
  return curl_multi_setopt(multi, option, value);
}

/// The transfer that a finished message is about and its result; NULL when the message is another.
static inline CURL *airloom_curl_finished(const CURLMsg *message, CURLcode *result) {
  if (message->msg != CURLMSG_DONE) return NULL;
  *result = message->data.result;
  return message->easy_handle;
}

#endif
