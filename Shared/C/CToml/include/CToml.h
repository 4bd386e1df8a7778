#ifndef AIRLOOM_CTOML_H
#define AIRLOOM_CTOML_H
#endif
