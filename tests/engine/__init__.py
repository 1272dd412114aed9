"""The engine, mostly with toy tasks: its workers then start in half a second, without TensorFlow."""
