# Embed.cmake: cmake -DIN=FILE -DOUT=FILE.c -DNAME=SYMBOL -P Embed.cmake writes the octets of IN as a C array, with its length.
file(READ ${IN} octets HEX)
string(LENGTH "${octets}" len)
math(EXPR len "${len} / 2")
string(REGEX REPLACE "(..)" "0x\\1," octets "${octets}")
string(REGEX REPLACE "(................................................................................)" "\\1\n"
       octets "${octets}")
file(WRITE ${OUT} "#include \"tools/builtin.h\"\n\nconst unsigned char ${NAME}[] = {\n${octets}};\n"
                  "const size_t ${NAME}_len = ${len};\n")
