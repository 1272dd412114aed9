"""Every page as a user reads it: driven by AppTest, without a browser; only one file needs TensorFlow."""
