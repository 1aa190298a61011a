# project_options: every flag of the project lives in this one INTERFACE target.
#   -DMXSWEEP_SANITIZE=address,undefined | thread | fuzzer-no-link,address   instrument everything

set(MXSWEEP_SANITIZE "" CACHE STRING "Comma-separated list for -fsanitize=, empty for none")
option(MXSWEEP_WERROR "Treat warnings as errors" ON)

add_library(project_options INTERFACE)
target_compile_features(project_options INTERFACE c_std_17)
target_compile_definitions(project_options INTERFACE _GNU_SOURCE
                           MXSWEEP_VERSION="${PROJECT_VERSION}")
target_compile_options(project_options INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith
  -Wvla -fno-common $<$<BOOL:${MXSWEEP_WERROR}>:-Werror>)
if(MXSWEEP_SANITIZE)
  target_compile_options(project_options INTERFACE
    -fsanitize=${MXSWEEP_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(project_options INTERFACE -fsanitize=${MXSWEEP_SANITIZE})
endif()
