// libxml2's SAX2 push parser, and the C library's iconv, by which a document's text becomes UTF-8
// before libxml2 sees it.
#ifndef AIRLOOM_CXML_H
#define AIRLOOM_CXML_H

#include <iconv.h>
#include <libxml/xmlversion.h>
// With ICU's headers libxml2 brings a UErrorCode that differs from the one in _FoundationICU.
#undef LIBXML_ICU_ENABLED
#include <libxml/parser.h>
#include <libxml/xmlerror.h>

/// What the SAX callbacks' context points to; the owner of the parser.
static inline int airloom_xml_options(void) {
  return XML_PARSE_RECOVER | XML_PARSE_NONET | XML_PARSE_NOCDATA | XML_PARSE_IGNORE_ENC;
}

/// The conversion that iconv_open answers on failure, which is no pointer that Swift could compare.
static inline int airloom_iconv_is_open(iconv_t conversion) { return conversion != (iconv_t)-1; }

#endif
