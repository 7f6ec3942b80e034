FROM versity/versitygw:v1.8.0
RUN mkdir /data && chown 10001:10001 /data
USER 10001:10001
