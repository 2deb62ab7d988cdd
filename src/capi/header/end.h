
#ifdef __cplusplus
}
#endif

#endif /* PYBUFFER_PYBUFFER_H */
