export default {
  test: { include: ['**/*.test.mjs'], server: { deps: { external: [/\/dist\//, /\/support\//] } } },
};
