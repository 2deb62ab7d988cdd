#include "grammar.h"
static void round_of_convert(void){executed();}
const Family conversions = {"convert", round_of_convert, 1};
