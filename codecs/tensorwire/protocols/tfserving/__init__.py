"""TensorFlow Serving's Predict, over gRPC and over REST."""
