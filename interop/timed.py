"""The functions of each peer that are timed."""

from __future__ import annotations

__all__ = ["TIMED"]

TIMED = {
    "triton": "InferInput.set_data_from_numpy, then InferenceServerClient.generate_request_body or"
    " what infer calls before it sends; parse_response_body or InferResult, then as_numpy",
    "kserve": "InferOutput.set_data_from_numpy, then InferResponse.to_rest (and its pydantic model,"
    " for JSON) or to_grpc; InferRequest.from_bytes, from_inference_request (of the pydantic model)"
    " or from_grpc, then as_numpy",
    "mlserver": "NumpyCodec.encode_output, then encode_to_json_bytes of the model_dump or"
    " ModelInferResponseConverter.from_types; decode_from_bytelike_json_to_dict and model_validate"
    " or ModelInferRequestConverter.to_types, then NumpyCodec.decode_input",
    "seldon": "construct_response_json and json.dumps, or construct_response; json.loads and"
    " extract_request_parts_json, or extract_request_parts",
    "tensorflow": "make_tensor_proto; make_ndarray or io.parse_tensor; Predict: the same within"
    " PredictRequest and PredictResponse",
    "onnx": "numpy_helper.from_array; to_array",
    "msgpack-numpy": "packb; unpackb",
    "safetensors": "numpy.save; numpy.load",
    "pyarrow": "Tensor.from_numpy, ipc.write_tensor and the bytes of the sink; ipc.read_tensor,"
    " then to_numpy",
    "pickle": "dumps with protocol 5, out of band with a buffer_callback; loads, with the buffers",
}
"""Writing first; protobuf's SerializeToString and FromString go without saying."""
