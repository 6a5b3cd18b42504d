/* What the container tools are given to run: the least a program can do. */
int main(void) { return 0; }
